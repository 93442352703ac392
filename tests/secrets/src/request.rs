//! The HTTP/1.1 requests of a connection.

/// A request, as far as it came.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// Without the frames of chunks.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The next request and the bytes behind it, if these are the beginning of one.
    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = find(bytes, b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]);
        let mut lines = head.split("\r\n");
        let mut words = lines.next()?.splitn(3, ' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_method || method == "PRI" {
            return None;
        }
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
        let mut request = Self { method, target, headers: headers.collect(), body: Vec::new() };
        let rest = bytes.get(end + 4..).unwrap_or_default();
        if request.header("transfer-encoding").is_some() {
            let (body, rest) = chunks(rest);
            request.body = body;
            return Some((request, rest));
        }
        let length = request.header("content-length").and_then(|length| length.parse().ok());
        let (body, rest) = rest.split_at(length.unwrap_or(0).min(rest.len()));
        request.body = body.to_vec();
        Some((request, rest))
    }
}

/// The requests of a connection, those in a tunnel of a proxy included, and the bytes that are none: TLS to a server of plain http, HTTP/2,
/// noise.
pub(crate) fn requests(mut bytes: &[u8]) -> (Vec<Request>, &[u8]) {
    let mut requests = Vec::new();
    while let Some((request, rest)) = Request::first(bytes) {
        requests.push(request);
        bytes = rest;
    }
    (requests, bytes)
}

/// A chunked body, as far as it came, and what follows it.
fn chunks(mut bytes: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(bytes, b"\r\n") else { return (body, &[]) };
        let line = String::from_utf8_lossy(&bytes[..end]);
        let size = line.split(';').next().map(|size| usize::from_str_radix(size.trim(), 16));
        let rest = &bytes[end + 2..];
        match size {
            Some(Ok(0)) => {
                let end = find(rest, b"\r\n").map_or(rest.len(), |end| end + 2);
                return (body, &rest[end..]);
            }
            Some(Ok(size)) if size + 2 <= rest.len() => {
                body.extend_from_slice(&rest[..size]);
                bytes = &rest[size + 2..];
            }
            _ => {
                body.extend_from_slice(rest);
                return (body, &[]);
            }
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
