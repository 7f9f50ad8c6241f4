"""What the outside does for us: narrow Protocols, each with its contract in words.

Every method may be called twice. Every method raises `Unreadable` when it could not be asked (after its own retries),
`StepFailed` when it could not change what it should (ECS, parameters), `ConfigurationError` when credentials, account
or region are wrong, and other errors of `dco.model.errors` as its docstring says; nothing else comes through a seam.
"""
