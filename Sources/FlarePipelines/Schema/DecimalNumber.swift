/// A number as it is written in JSON, without loss: ± `digits` × 10^`exponent`, with no zero at the end of `digits`.
struct DecimalNumber: Equatable {
    var isNegative = false
    var digits: UInt128 = 0
    var exponent = 0
    /// How many digits there are: 0 for zero.
    var digitCount = 0

    /// Digits that a `UInt128` is sure to hold; a number with more of them, without zeros at its ends, is nil.
    static let digitCountMax = 38

    private static let exponentMax = 1_000_000

    /// Reads the text of a number; nil when it is not one, or has more digits than can be held.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        var index = 0
        if index < text.count, text[index] == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        let wholeStart = index
        // Zeros that count only when another digit follows.
        var waitingZeros = 0
        guard readDigits(text, &index, &waitingZeros) else { return nil }
        guard text[wholeStart] != UInt8(ascii: "0") || index == wholeStart + 1 else { return nil }
        exponent = waitingZeros
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            guard readDigits(text, &index, &waitingZeros) else { return nil }
            exponent = waitingZeros - (index - start)
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            guard let power = Self.readPower(text, &index) else { return nil }
            exponent += power
        }
        guard index == text.count, digitCount <= Self.digitCountMax else { return nil }
        if digits == 0 { exponent = 0 }
    }

    private mutating func readDigits(
        _ text: UnsafeBufferPointer<UInt8>,
        _ index: inout Int,
        _ waitingZeros: inout Int
    ) -> Bool {
        let start = index
        while index < text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            index += 1
            if digit == 0 {
                // Those before the first other digit count for nothing.
                if digitCount > 0 { waitingZeros += 1 }
                continue
            }
            let places = waitingZeros + 1
            digitCount += places
            waitingZeros = 0
            guard digitCount <= Self.digitCountMax else { continue }
            digits = digits &* Self.power(places) &+ UInt128(digit)
        }
        return index > start
    }

    private static func readPower(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Int? {
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var power = 0
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
            power = min(power * 10 + Int(text[index] &- UInt8(ascii: "0")), exponentMax)
            index += 1
        }
        return index > start ? (isNegative ? -power : power) : nil
    }

    /// 10^`exponent`, for 0...38.
    static func power(_ exponent: Int) -> UInt128 { powers[exponent] }

    private static let powers: [UInt128] = {
        var powers: [UInt128] = [1]
        while powers.count <= digitCountMax { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// The number times 10^`scale` without its sign; nil when that is not whole, or has more than `precision` digits.
    func unscaled(scale: Int, precision: Int) -> UInt128? {
        guard digits != 0 else { return 0 }
        let shift = exponent + scale
        guard shift >= 0, digitCount + shift <= precision else { return nil }
        return digits * Self.power(shift)
    }

    var isWhole: Bool { exponent >= 0 }

    /// As a whole number; nil when it has a fraction or does not fit.
    func whole<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        guard let magnitude = unscaled(scale: 0, precision: Self.digitCountMax) else { return nil }
        guard isNegative else { return Value(exactly: magnitude) }
        guard magnitude <= UInt128(Int128.max) else { return nil }
        return Value(exactly: -Int128(magnitude))
    }
}
