"""Guards for Modal; see :mod:`imbue.mngr_modal.register_guards`."""
