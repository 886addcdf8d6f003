//! The three browser engines, and which of them a run asks for.

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser, by WebKitWebDriver.
    WebKit,
}

impl Engine {
    /// Its name as written in `E2E_ENGINES`.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Chromium => "chromium",
            Engine::Firefox => "firefox",
            Engine::WebKit => "webkit",
        }
    }

    /// Tells whether this run asks for it: `E2E_ENGINES` is a list such as `chromium,webkit`; unset means all.
    pub fn wanted(self) -> bool {
        match std::env::var("E2E_ENGINES") {
            Ok(list) if !list.trim().is_empty() => list.split(',').any(|name| name.trim() == self.name()),
            _ => true,
        }
    }
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
