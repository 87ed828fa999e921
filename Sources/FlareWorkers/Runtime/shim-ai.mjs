// Stands in for "@cloudflare/ai" in a bundle: the package only forwards to the binding.
export class Ai {
  #binding;

  constructor(binding) {
    this.#binding = binding;
  }

  async run(model, inputs, options) {
    if (typeof this.#binding?.run !== "function") throw new Error("the Worker has no AI binding to run models with");
    return this.#binding.run(model, inputs, options);
  }
}

export default Ai;
