"""The console: the Textual app. It is handed an engine and knows no driver and no server."""
