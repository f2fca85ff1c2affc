"""Production: the bundle, the engine that answers from it, and the HTTP application. Imports core and policy alone."""
