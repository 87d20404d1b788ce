\set bid random(1, :branches)
\set aid random(1, :accounts) + (:bid - 1) * :accounts
SELECT abalance FROM pgbench_accounts WHERE bid = :bid AND aid = :aid;
