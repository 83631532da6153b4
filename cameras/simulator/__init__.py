"""Simulated ONVIF cameras: discovery, SOAP, RTSP and a real 1080p picture that tells its own time."""
