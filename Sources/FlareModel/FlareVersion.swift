/// The version of this build.
///
/// Both programs carry it; the command line compares it with the engine's.
package enum FlareVersion {
    package static let current = "0.1.0"
}
