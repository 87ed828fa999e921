import FlareCLI

await FlareProgram.run()
