"""Knowledge tracers, one file each. Import the one you want: `from lernpfad.tracing.bkt import BKT`."""
