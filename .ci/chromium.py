"""A headless Chromium for the checks of pages."""

import base64
import json
import shutil

from selenium.webdriver import Chrome, ChromeOptions, ChromeService


def start_chromium():
    """Starts a Chromium that reaches this machine only, and that records its console and its requests."""
    options = ChromeOptions()
    options.binary_location = shutil.which("google-chrome") or shutil.which("chromium")
    for argument in [
        "--headless=new", "--window-size=1400,2000", "--disable-background-networking", "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        # Chromium's sandbox works neither as root nor in containers. The pages are our own.
        "--no-sandbox",
    ]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=ChromeService(shutil.which("chromedriver")))


def requested_urls(chromium):
    """The URLs that pages have requested since the last call."""
    messages = (json.loads(entry["message"])["message"] for entry in chromium.get_log("performance"))
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def set_width(chromium, width, dark=False):
    """Lays pages out for a screen of this width in CSS pixels. A phone's screen is narrower than any window can be."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def screenshot(chromium, path):
    """Saves a picture of the whole page."""
    taken = chromium.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    path.write_bytes(base64.b64decode(taken["data"]))
