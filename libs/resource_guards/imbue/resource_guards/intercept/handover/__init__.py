"""Hand-over: how the scope comes to where work is done, when threads, pools or other processes are given it."""
