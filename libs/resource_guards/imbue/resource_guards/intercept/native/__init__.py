"""The native layer (Linux): sees a guarded binary started by its path from any dynamic program."""
