\set bid random(1, :branches)
\set aid random(1, :accounts) + (:bid - 1) * :accounts
\set delta random(-5000, 5000)
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE bid = :bid AND aid = :aid;
