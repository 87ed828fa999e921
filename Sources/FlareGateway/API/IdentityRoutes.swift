import FlareModel

/// What official clients ask first: who they are, and which account is theirs.
///
/// There is one account, `local`; any other name in a path is answered as if it were its name.
struct IdentityRoutes {
    func register(on routes: APIRoutes) {
        routes.get("/client/v4/accounts") { try Self.page($0, of: AccountBody.local) }
        routes.get("/client/v4/accounts/:account") { .result(AccountBody(try $0.parameter("account"))) }
        routes.get("/client/v4/accounts/:account/tokens/verify") { _ in .result(TokenStateBody.active) }
        routes.get("/client/v4/memberships") { try Self.page($0, of: MembershipBody.local) }
        routes.get("/client/v4/user") { _ in .result(UserBody.local) }
        routes.get("/client/v4/user/tokens/verify") { _ in .result(TokenStateBody.active) }
    }

    /// A list of one element; its later pages are empty, which is where official clients stop.
    private static func page<Element: Codable & Sendable>(
        _ request: APIRequest,
        of element: Element
    ) throws -> APIReply {
        let (page, perPage) = try request.page()
        let shown = page == 1 ? [element] : []
        let info = ResultInfo(page: page, perPage: perPage, count: shown.count, totalCount: 1, totalPages: 1)
        return .result(shown, info: info)
    }
}
