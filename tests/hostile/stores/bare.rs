//! A driver of the session in its shortest form, for one caller.

use std::{iter, sync::Arc, thread};

use auth_proto::{
    Action, Cloud, Credential, Destination, Error, Note, RetryDecision, Scope, ServiceCall,
    Session, Settings, Store, Token,
};
use http::{Request, Response, StatusCode, Uri};
use time::UtcDateTime;

/// The clock and the network.
pub(crate) trait Outside: Send {
    fn now(&self) -> UtcDateTime;
    fn wait(&self, until: UtcDateTime);
    fn send(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>>;
}

/// The machine's.
pub(crate) struct Sockets;

impl Outside for Sockets {
    fn now(&self) -> UtcDateTime {
        UtcDateTime::now()
    }

    fn wait(&self, until: UtcDateTime) {
        thread::sleep((until - self.now()).try_into().unwrap_or_default());
    }

    fn send(&self, request: Request<Vec<u8>>) -> Response<Vec<u8>> {
        testing::send(request).expect("the server answers")
    }
}

pub(crate) struct Bare {
    session: Session,
    scope: Scope,
    store: Option<Box<dyn Store>>,
    outside: Box<dyn Outside>,
}

impl Bare {
    pub(crate) fn new(
        cloud: Cloud,
        credential: Credential,
        scope: Scope,
        store: Option<Box<dyn Store>>,
        outside: Box<dyn Outside>,
    ) -> Self {
        let settings = Settings::default();
        let settings = if store.is_some() { settings.with_store() } else { settings };
        let session = Session::new(cloud, credential, settings).expect("a sound configuration");
        Self { session, scope, store, outside }
    }

    fn tell(&mut self) {
        let notes: Vec<Note> = iter::from_fn(|| self.session.poll_note()).collect();
        let store = self.store.iter();
        store.for_each(|store| notes.iter().for_each(|note| store.tell(note)));
    }

    pub(crate) fn close(&mut self) {
        self.session.close();
        self.tell();
    }

    /// A token for this destination, however long that takes.
    pub(crate) fn token(&mut self, destination: Destination<'_>) -> Result<Arc<Token>, Error> {
        loop {
            let now = self.outside.now();
            match self.session.poll_to(&self.scope, destination, now) {
                Action::Take(pending, want) => {
                    let store = self.store.as_ref().expect("a session without a store asks none");
                    let taken = store.take(&want);
                    self.session.handle_taken(pending, taken, self.outside.now())?;
                }
                Action::Send(pending, request) => {
                    let request = request.map(|body| body.as_bytes().to_vec());
                    let response = self.outside.send(request);
                    self.session.handle_response(pending, response, self.outside.now())?;
                }
                Action::Use(token) => return Ok(token),
                Action::Fail(error) => return Err(error),
                Action::Wait(until) => self.outside.wait(until),
                Action::Ask(..) => panic!("this credential asks for nothing"),
            }
            self.tell();
        }
    }

    /// A call of the service at this URL.
    pub(crate) fn call(&mut self, url: &str) -> Result<StatusCode, Error> {
        let uri: Uri = url.parse().expect("a URL");
        let mut call = ServiceCall::new();
        loop {
            let token = self.token(Destination::At(&uri))?;
            let mut request = Request::get(url).body(Vec::new()).expect("a URL");
            token.insert_into(request.headers_mut());
            let status = self.outside.send(request).status();
            if !ServiceCall::is_refusal(&token, &uri, status) {
                return Ok(status);
            }
            let now = self.outside.now();
            let decision = call.decide(&mut self.session, &token, &uri, true, now);
            self.tell();
            if decision == RetryDecision::Deliver {
                return Ok(status);
            }
        }
    }
}
