import FlareModel
import FoundationEssentials
import Glibc

/// An nginx with one worker that answers every request with the same few bytes: how fast HTTP can be on this machine.
enum NginxServer {
    static let name = "nginx return 200"
    /// As long as the shortest answer to a record.
    private static let reply = #"{"committed":1,"offset":12}"#

    /// Runs a body with the address of a running server, or with nil when nginx is not installed.
    static func with<Value: Sendable>(_ body: (ServerAddress?) async throws -> Value) async throws -> Value {
        guard let program = ChildProgram("nginx") else { return try await body(nil) }
        return try await TemporaryDirectory.with { directory in
            let address = ServerAddress(host: "127.0.0.1", port: try ServerAddress.freePort())
            let file = directory + "/nginx.conf"
            try Data(configuration(port: address.port).utf8).write(to: URL(filePath: file))
            // The directory belongs to the worker too, which runs as another user when this one is root.
            chmod(directory, 0o755)
            let output = directory + "/output"
            let child = try program.start(["-p", directory, "-e", "stderr", "-c", file], output: output)
            let result: Result<Value, any Error>
            do {
                try waitUntilReady(address, child, output)
                result = .success(try await body(address))
            } catch {
                result = .failure(error)
            }
            kill(child, SIGTERM)
            ChildProgram.wait(for: child)
            return try result.get()
        }
    }

    private static func configuration(port: Int) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \($0);" }
        return """
            daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
            events { worker_connections 8192; }
            http {
              access_log off; \(temporary.joined(separator: " "))
              keepalive_requests 1000000000; client_max_body_size 0; tcp_nodelay on;
              server {
                listen 127.0.0.1:\(port) backlog=4096;
                location / { default_type application/json; return 200 '\(reply)'; }
              }
            }
            """
    }

    private static func waitUntilReady(_ address: ServerAddress, _ child: pid_t, _ output: String) throws {
        for _ in 0..<500 {
            if let descriptor = try? address.connect(sending: [], until: { _ in true }) {
                close(descriptor)
                return
            }
            guard !ChildProgram.hasEnded(child) else {
                throw FlareError(.runFailed, "nginx did not start: \(ChildProgram.text(of: output))")
            }
            poll(nil, 0, 10)
        }
        throw FlareError(.runFailed, "nginx was not ready within 5 s: \(ChildProgram.text(of: output))")
    }
}
