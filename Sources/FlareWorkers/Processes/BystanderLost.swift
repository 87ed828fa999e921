/// The cause of an error that is no fault of the invocation that ends with it: another one took their process down.
package struct BystanderLost: Error {
    package init() {}
}
