SELECT count(*), sum(bbalance) FROM pgbench_branches;
