package certify

// The rules of package storetest do not say which of them append to several streams or rely
// on a stream that they do not write to; TestRulesThatAbilitiesCost finds out with stores
// that can do neither, and compares.

// multiStreamRules are those whose checks append to several streams at once.
func multiStreamRules() []string {
	return []string{
		"R-APPEND-10", "R-APPEND-12", "R-APPEND-13", "R-APPEND-14", "R-APPEND-15", "R-APPEND-16", "R-APPEND-17",
		"R-APPEND-18", "R-APPEND-19", "R-APPEND-21", "R-APPEND-22", "R-EVENT-09", "R-READ-03", "R-READ-07", "R-READ-10",
		"R-CTX-01", "R-CONC-03", "R-CONC-07", "R-ALL-03", "R-ALL-05", "R-ALL-06", "R-ALL-07", "R-ALL-08", "R-ALL-10",
		"R-ALL-11", "R-ALL-13", "R-ALL-15", "R-ALL-24", "R-ALL-25", "R-ALL-26", "R-ALL-27", "R-ALL-28", "R-ALL-30",
		"R-REOPEN-01", "R-REOPEN-02", "R-REOPEN-03", "R-HANDLE-01", "R-HANDLE-03", "R-RES-02",
	}
}

// readOnlyRules are those whose checks rely on streams that they do not write to.
func readOnlyRules() []string {
	return []string{
		"R-APPEND-03", "R-APPEND-04", "R-APPEND-05", "R-APPEND-06", "R-APPEND-07", "R-APPEND-08", "R-APPEND-09",
		"R-APPEND-10", "R-APPEND-11", "R-APPEND-13", "R-APPEND-15", "R-APPEND-19", "R-APPEND-21", "R-CONC-04", "R-ALL-02",
		"R-REOPEN-01", "R-REOPEN-02", "R-HANDLE-02", "R-RES-02",
	}
}

// concurrentToo are the rules outside of their group that several callers check at once.
func concurrentToo() []string {
	return []string{"R-CTX-04", "R-ALL-17", "R-ALL-26", "R-ALL-27", "R-ALL-29"}
}
