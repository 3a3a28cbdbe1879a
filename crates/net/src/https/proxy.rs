//! The way out: directly, or through a proxy that understands `CONNECT`.

use std::fmt;
use std::str::FromStr;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// Where the environment names a proxy for `https`, in this order; the lower-case names are the older habit.
const PROXY_VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Where the environment names hosts that are asked directly.
const EXCEPT_VARIABLES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// How to get out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Proxy {
    /// As `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say, in either case, when the client is made.
    #[default]
    Environment,
    /// Directly, whatever the environment says.
    None,
    /// Through this one.
    Through(ProxyRoute),
}

/// A proxy, and the hosts that are asked without it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProxyRoute {
    /// Where it is.
    pub url: ProxyUrl,
    /// Hosts that are asked directly, as in `NO_PROXY`: names (with all below them), addresses and networks, `*` for
    /// all, separated by commas.
    pub except: String,
}

/// An `http` or `https` URL of a proxy. It may hold a user name and password; they are never shown.
#[derive(Clone, Eq, PartialEq)]
pub struct ProxyUrl(Url);

/// Why a text names no proxy. The text is not repeated, since it may hold a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// It is no URL.
    #[error("the proxy is not given as a URL such as `http://proxy.example.org:3128`")]
    NotUrl,
    /// It is another kind of proxy.
    #[error("the proxy's URL begins with `{scheme}:`; only `http:` and `https:` proxies are supported")]
    Scheme {
        /// What it begins with.
        scheme: String,
    },
}

impl Proxy {
    /// The route to take, if it is not the direct one.
    pub(crate) fn route(&self) -> Result<Option<ProxyRoute>, ProxyError> {
        let route = match self {
            Self::Environment => from_variables(|name| {
                std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
            }),
            Self::None => Ok(None),
            Self::Through(route) => Ok(Some(route.clone())),
        }?;
        // The library takes `*` for all names, but not for addresses.
        Ok(route.filter(|route| route.except.split(',').all(|entry| entry.trim() != "*")))
    }
}

impl ProxyRoute {
    pub(crate) fn to_matcher(&self) -> Matcher {
        Matcher::builder().https(self.url.0.as_str()).no(self.except.as_str()).build()
    }
}

impl FromStr for ProxyUrl {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        // `proxy.example.org:3128` is what many have in their environment.
        let spelled = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let url = Url::parse(&spelled).map_err(|_| ProxyError::NotUrl)?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self(url)),
            "http" | "https" => Err(ProxyError::NotUrl),
            scheme => Err(ProxyError::Scheme { scheme: scheme.to_owned() }),
        }
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// An empty variable is as good as none.
fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<ProxyRoute>, ProxyError> {
    let first =
        |names: &[&str]| names.iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
    let Some(url) = first(&PROXY_VARIABLES) else { return Ok(None) };
    Ok(Some(ProxyRoute { url: url.parse()?, except: first(&EXCEPT_VARIABLES).unwrap_or_default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(variables: &[(&str, &str)]) -> Result<Option<ProxyRoute>, ProxyError> {
        from_variables(|name| {
            variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn environment_names_proxy_and_exceptions_in_either_case() {
        for names in [["HTTPS_PROXY", "NO_PROXY"], ["https_proxy", "no_proxy"], ["ALL_PROXY", "NO_PROXY"]] {
            let found = route(&[(names[0], "proxy.example.org:3128"), (names[1], "localhost,.lan")])
                .unwrap()
                .unwrap();
            assert_eq!(found.url.to_string(), "http://proxy.example.org:3128");
            assert_eq!(found.except, "localhost,.lan");
        }
        assert_eq!(route(&[("HTTP_PROXY", "http://other.example.org")]), Ok(None));
        assert_eq!(route(&[("HTTPS_PROXY", ""), ("NO_PROXY", "*")]), Ok(None));
    }

    #[test]
    fn bad_proxy_is_an_error_and_not_a_direct_way_out() {
        let socks = route(&[("ALL_PROXY", "socks5://proxy.example.org:1080")]);
        assert_eq!(socks, Err(ProxyError::Scheme { scheme: "socks5".into() }));
        assert_eq!(route(&[("HTTPS_PROXY", "http://")]), Err(ProxyError::NotUrl));
    }

    #[test]
    fn password_is_not_shown() {
        let found = route(&[("HTTPS_PROXY", "http://user:secret@proxy.example.org:3128/")]).unwrap().unwrap();
        assert!(!format!("{found:?} {}", found.url).contains("secret"));
        let way = found.to_matcher().intercept(&"https://list.example.org".parse().unwrap()).unwrap();
        assert!(way.basic_auth().is_some_and(hyper::header::HeaderValue::is_sensitive));
    }
}
