"""Checking a repository and putting back what can be had again. `dvcore.repo.check` is the way in.

`values` reads every stored value against its hash, `cells` every cell, held against the log by `logged`; `following`
goes from the cells along every link and judges what it meets, with `summaries` of what is done; `holding` sees that
entries and records agree; `naming` says what the damage concerns; `repair` puts blobs back.
"""
