//! Unusual requests, and how the clients read the server's responses to them.

use auth_proto::{Body, Error, FetchCatalog, IdentityRequest, IdentityResponse};
use http::{Method, Request, Response};

use crate::{
    case::{Case, refused},
    keystone::{Keystone, Of},
    wish::Wish,
};

/// A name, a request and the expected result: a permanent refusal with this status whose text
/// contains this.
pub(crate) type Row = (&'static str, Odd, u16, &'static str);

pub(crate) fn case(group: &'static str, wish: Of<Result<Wish, String>>, row: Row) -> Case {
    let (name, odd, status, says) = row;
    Case::new(group, name, move |world: &Keystone, through| {
        let place = world.url.clone();
        let asked = Asked { odd: odd.clone(), place, reader: FetchCatalog::new(&world.v3()?) };
        let stop = wish(world)?.client(through)?.run(&asked).err().ok_or("an answer")?;
        refused(&stop, status, says)
    })
}

/// A request that no client sends.
#[derive(Clone)]
pub(crate) struct Odd {
    method: Method,
    path: &'static str,
    kind: &'static str,
    body: String,
}

pub(crate) fn bare(method: Method, path: &'static str) -> Odd {
    Odd { method, path, kind: "application/json", body: String::new() }
}

pub(crate) fn get(path: &'static str) -> Odd {
    bare(Method::GET, path)
}

pub(crate) fn post(path: &'static str, body: impl Into<String>) -> Odd {
    Odd { body: body.into(), ..bare(Method::POST, path) }
}

impl Odd {
    pub(crate) fn of_type(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

/// The request at one server. The response is read without its request, and then as the response
/// to another request: both readings must report the refusal.
struct Asked {
    odd: Odd,
    place: String,
    reader: FetchCatalog,
}

impl IdentityRequest for Asked {
    type Output = ();

    fn request(&self) -> Result<Request<Body>, Error> {
        let Odd { method, path, kind, body } = self.odd.clone();
        let request = Request::builder().method(method).uri(format!("{}{path}", self.place));
        let request =
            request.header("content-type", kind).body(Body::new(body.into_bytes().into()));
        Ok(request.expect("a URL that others have, and a path and a type from the rows"))
    }

    fn parse(&self, response: Response<&[u8]>) -> Result<(), Error> {
        match IdentityResponse::read(&response, None)? {
            IdentityResponse::Fault(..) => self.reader.parse(response).map(drop),
            _ => Ok(()),
        }
    }
}
