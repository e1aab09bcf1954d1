"""All that knows pygls or LSP: the wire, the documents, the session, the clients' capabilities."""
