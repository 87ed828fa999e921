import FlareModel

/// The variables that point other programs at an engine.
struct EnvironmentVariables {
    /// In the order in which they are printed.
    let set: [(name: String, value: String)]
    /// What would point them elsewhere, or is not for this engine, where it is set.
    let unset: [String]

    /// - Parameters:
    ///   - state: the engine's state directory.
    ///   - current: the variables that are set now.
    init(_ body: EnvironmentBody, state: String, current: [String: String]) {
        let api = body.controlURL + "/client/v4"
        var set = [
            ("FLARE_STATE", state),
            ("CLOUDFLARE_API_BASE_URL", api), ("CLOUDFLARE_BASE_URL", api), ("CLOUDFLARE_API_TOKEN", body.apiToken),
            ("CLOUDFLARE_ACCOUNT_ID", "local"),
            // What wrangler would send to fixed hosts.
            ("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false"),
        ]
        if let s3URL = body.s3URL {
            set += [
                ("AWS_ENDPOINT_URL", s3URL), ("AWS_ENDPOINT_URL_S3", s3URL), ("AWS_ACCESS_KEY_ID", body.accessKeyID),
                ("AWS_SECRET_ACCESS_KEY", body.secretAccessKey), ("AWS_REGION", "auto"),
                ("AWS_DEFAULT_REGION", "auto"), ("AWS_EC2_METADATA_DISABLED", "true"),
            ]
        }
        if let authority = body.authorityPath { set.append(("AWS_CA_BUNDLE", authority)) }
        set += Self.proxies(current)
        self.set = set.map { (name: $0.0, value: $0.1) }
        let foreign =
            ["CLOUDFLARE_API_KEY", "CLOUDFLARE_EMAIL", "CF_API_KEY", "CF_EMAIL", "CF_API_TOKEN"]
            + (body.s3URL == nil ? [] : ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE"])
        unset = foreign.filter { current[$0] != nil }
    }

    /// Where programs go through a proxy, they must not do so to reach this machine.
    private static func proxies(_ current: [String: String]) -> [(String, String)] {
        let names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        guard names.contains(where: { current[$0]?.isEmpty == false }) else { return [] }
        return ["NO_PROXY", "no_proxy"].compactMap { name in
            let hosts = (current[name] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
            let missing = ["127.0.0.1", "localhost"].filter { !hosts.contains($0) }
            guard !missing.isEmpty, !hosts.contains("*") else { return nil }
            return (name, (hosts + missing).joined(separator: ","))
        }
    }
}
