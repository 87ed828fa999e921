// The door for a debugger: Node's inspector, opened when the engine asks for it.
import inspector from "node:inspector";

/// Opens the inspector on a port of this machine, 0 for any free one. Returns the frame that says where it listens.
export async function openInspector(port) {
  try {
    if (inspector.url() === undefined) inspector.open(port, "127.0.0.1");
    const url = inspector.url();
    if (url === undefined) throw new Error(`port ${port} of 127.0.0.1 is in use`);
    return { t: "inspecting", url };
  } catch (error) {
    return { t: "inspecting", error: { name: "Error", message: `${error.message}` } };
  }
}
