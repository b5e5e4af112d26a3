"""LiveInsight: self-hosted, real-time analytics of what people do on a website."""

__version__ = "0.1.0"
