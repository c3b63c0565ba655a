"""Guards for Docker; see :mod:`imbue.mngr.register_guards_docker`."""
