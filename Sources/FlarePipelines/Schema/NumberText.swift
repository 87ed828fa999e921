import Glibc

/// A number of a checked JSON text, split into its parts by one pass.
struct NumberText {
    private let text: UnsafeBufferPointer<UInt8>
    let isNegative: Bool
    /// The digits as one number, right as long as there are no more than 19.
    private let mantissa: UInt64
    /// Digits without the zeros before the first other digit.
    private let digitCount: Int
    private let exponent: Int
    /// Whether it has neither point nor exponent.
    let isInteger: Bool

    /// A byte that is not part of the number must follow it in memory, such as the brace of its record.
    @inline(__always)
    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        var index = 0
        let isNegative = !text.isEmpty && text[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        var mantissa: UInt64 = 0
        var digitCount = 0
        var exponent = 0
        var pointAt = -1
        while index < text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit < 10 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if digitCount > 0 || digit != 0 { digitCount += 1 }
            } else if text[index] == UInt8(ascii: ".") {
                pointAt = index
            } else {
                break
            }
            index += 1
        }
        if pointAt >= 0 { exponent = pointAt + 1 - index }
        let hasPower = index < text.count
        if hasPower { exponent += Self.power(text, after: index) }
        self.isNegative = isNegative
        self.mantissa = mantissa
        self.digitCount = digitCount
        self.exponent = exponent
        isInteger = pointAt < 0 && !hasPower
    }

    private static func power(_ text: UnsafeBufferPointer<UInt8>, after start: Int) -> Int {
        var index = start + 1
        let isNegative = index < text.count && text[index] == UInt8(ascii: "-")
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
        var power = 0
        while index < text.count {
            power = min(power * 10 + Int(text[index] &- UInt8(ascii: "0")), 1_000_000)
            index += 1
        }
        return isNegative ? -power : power
    }

    /// Its value as an integer that fits and has no fraction: `1e3` and `1.0` count.
    @inline(__always)
    var int64: Int64? {
        if isInteger, digitCount <= 18 { return isNegative ? -Int64(mantissa) : Int64(mantissa) }
        return DecimalNumber(text)?.whole(Int64.self)
    }

    @inline(__always)
    var uint64: UInt64? {
        if isInteger, digitCount <= 19, !isNegative { return mantissa }
        return DecimalNumber(text)?.whole(UInt64.self)
    }

    /// The double nearest to it; nil when it is beyond all doubles.
    @inline(__always)
    var double: Double? {
        // Both factors and the result of one operation are exact or rounded once
        // (William D. Clinger, How to Read Floating Point Numbers Accurately).
        if digitCount <= 19, mantissa <= 1 << 53, -22...22 ~= exponent {
            let magnitude = Double(mantissa)
            let value =
                exponent < 0 ? magnitude / Self.powersOfTen[-exponent] : magnitude * Self.powersOfTen[exponent]
            return isNegative ? -value : value
        }
        return slowDouble
    }

    private var slowDouble: Double? {
        guard let base = text.baseAddress else { return nil }
        let value = UnsafeRawPointer(base).withMemoryRebound(to: CChar.self, capacity: text.count) { strtod($0, nil) }
        return value.isFinite ? value : nil
    }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Whether a double keeps all that is written.
    ///
    /// A whole number must be held exactly. Of a fraction at most 17 digits count, without overflow or underflow: those
    /// are what programs write to tell all doubles apart; more of them were never a double.
    var isKeptByDouble: Bool {
        if digitCount <= 15, -22...22 ~= exponent { return true }
        return isInteger ? isExactDouble : isKeptFraction
    }

    private var isKeptFraction: Bool {
        if digitCount > 17 {
            guard let exact = DecimalNumber(text), exact.digitCount <= 17 else { return false }
        }
        guard let value = double else { return false }
        return value.isNormal || digitCount == 0
    }

    private var isExactDouble: Bool {
        guard let value = double, let exact = DecimalNumber(text) else { return false }
        guard let magnitude = exact.unscaled(scale: 0, precision: DecimalNumber.digitCountMax) else { return false }
        return Double(exactly: magnitude) == abs(value)
    }
}
