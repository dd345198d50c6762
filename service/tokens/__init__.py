"""Access tokens: OAuth 2.0 client credentials, in which an API key is the client. Short-lived ES256 JWTs."""
