// Millions of rows a second for each kernel, one core: `swift run -c release KernelBenchmark [names of suites]`.

let filter = Array(CommandLine.arguments.dropFirst())
for suite in suites where filter.isEmpty || filter.contains(suite.name) {
    suite.run()
}
