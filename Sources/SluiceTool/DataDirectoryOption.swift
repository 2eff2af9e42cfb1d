import ArgumentParser
import Glibc

struct DataDirectoryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where Sluice keeps its journal and state; $SLUICE_DATA, else ./sluice-data.", valueName: "dir"))
    var data: String?

    var path: String {
        if let data { return data }
        guard let variable = getenv("SLUICE_DATA") else { return "sluice-data" }
        return String(cString: variable)
    }
}
