import HostSystem

extension AuditReport {
    /// All of it, for programs.
    package var json: JSONValue {
        .object([
            ("job", .string(cut.job)), ("verdict", .string(verdict.rawValue)),
            (
                "findings",
                .array(
                    findings.map {
                        .object([("verdict", .string($0.verdict.rawValue)), ("text", .string($0.text))])
                    })
            ),
            ("cut", cut.json), ("tolerance", .number(AuditOptions.tolerance)),
            ("volumeTolerance", .number(options.volumeTolerance)),
            ("outputs", .array(outputs.map { $0.json(hasExpectations: hasExpectations) })),
            ("checks", .array(checks.map(\.json))),
            ("old", facts?.old.json ?? .null), ("new", facts?.new.json ?? .null),
        ])
    }
}

extension OutputAudit {
    fileprivate func json(hasExpectations: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [("name", .string(name))]
        switch outcome {
        case .onlyOld: members.append(("outcome", .string("onlyOld")))
        case .onlyNew: members.append(("outcome", .string("onlyNew")))
        case .incomparable(let message, let detail):
            members += [
                ("outcome", .string("incomparable")), ("message", .string(message)),
                ("detail", detail.map { .string($0) } ?? .null),
            ]
        case .compared(let found):
            members.append(("outcome", .string("compared")))
            members += found.members(hasExpectations: hasExpectations)
        }
        return .object(members)
    }
}

extension OutputComparison {
    fileprivate func members(hasExpectations: Bool) -> [(String, JSONValue)] {
        let strings = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
        return [
            ("kind", .string(isKeyed ? "keyed" : "append")), ("key", strings(key)),
            (
                "rows",
                .object([
                    ("old", .integer(counts.old)), ("new", .integer(counts.new)), ("equal", .integer(counts.equal)),
                    ("withinTolerance", .integer(counts.near)), ("changed", .integer(counts.changed)),
                    ("onlyOld", .integer(counts.onlyOld)), ("onlyNew", .integer(counts.onlyNew)),
                ])
            ),
            (
                "changedColumns",
                .array(
                    changedColumns.map { .object([("name", .string($0.name)), ("rows", .integer($0.rows))]) })
            ),
            ("addedColumns", strings(addedColumns)), ("removedColumns", strings(removedColumns)),
            (
                "expectations",
                .array(expectations.map { .object([("text", .string($0.text)), ("rows", .integer($0.rows))]) })
            ),
            ("notExpected", hasExpectations ? .integer(unexpected) : .null),
            ("volume", volume?.json ?? .null),
            ("samples", .array(samples.map { $0.json(hasExpectations: hasExpectations) })),
        ]
    }
}

extension VolumeAudit {
    fileprivate var json: JSONValue {
        .object([
            ("column", .string(column)), ("per", .string(period.rawValue)), ("windows", .integer(windows)),
            ("outside", .integer(outside)),
            (
                "shown",
                .array(
                    shown.map {
                        .object([
                            ("start", $0.milliseconds.map { .string(CivilTime.text(milliseconds: $0)) } ?? .null),
                            ("old", .integer($0.old)), ("new", .integer($0.new)),
                        ])
                    })
            ),
        ])
    }
}

extension DifferenceSample {
    fileprivate func json(hasExpectations: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [("kind", .string(kind.rawValue))]
        if hasExpectations { members.append(("isExpected", .boolean(isExpected))) }
        if kind == .changed { members.append(("columns", .array(values.map { .string($0.column) }))) }
        return .object(members + [("old", old ?? .null), ("new", new ?? .null)])
    }
}

extension AuditCheck {
    fileprivate var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("name", .string(name)), ("verdict", .string(verdict.rawValue)),
        ]
        switch outcome {
        case .violations(let count, let columns, let sample):
            let rows = sample.map { row in
                JSONValue.object(zip(columns, row).map { ($0, .string($1)) })
            }
            members += [("violations", .integer(count)), ("sample", .array(rows)), ("message", .null)]
        case .doesNotRun(let message):
            members += [("violations", .null), ("sample", .array([])), ("message", .string(message))]
        }
        return .object(members)
    }
}

extension RunFacts {
    fileprivate var json: JSONValue {
        let number = { (value: Int64?) in value.map { JSONValue.integer($0) } ?? .null }
        return .object([
            ("lateRows", number(lateRows)), ("quarantinedRows", number(quarantinedRows)),
            ("stateBytes", number(stateBytes)),
        ])
    }
}
