"""Mail that came back in; bounces and complaints, and what follows from them, out."""
