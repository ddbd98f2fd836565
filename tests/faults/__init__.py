"""What happens when things break: processes killed, answers lost, others writing, servers gone."""
