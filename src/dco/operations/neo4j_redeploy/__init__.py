"""The steps of a database's redeploy: join, prove, warm, switch, retire; and the guardrails before them."""
