"""The options of `curl`: which of them take a value, and which change the request in ways that can't be kept."""

from __future__ import annotations

from collections.abc import Iterator

_SHORTS = """
X=request H=header d=data u=user G=get b=cookie F=form r=range A=user-agent e=referer I=head
k=insecure L=location s=silent o=output S=show-error i=include v=verbose f=fail g=globoff
N=no-buffer x=proxy m=max-time T=upload-file K=config c=cookie-jar E=cert C=continue-at w=write-out
U=proxy-user D=dump-header Q=quote P=ftp-port t=telnet-option y=speed-time Y=speed-limit z=time-cond
h=help O=remote-name J=remote-header R=remote-time a=append n=netrc :=next #=progress-bar 0=http1.0
q=disable 1=tlsv1 2=sslv2 3=sslv3 4=ipv4 6=ipv6 j=junk-session-cookies Z=parallel l=list-only
p=proxytunnel B=use-ascii M=manual V=version
"""
_SHORT = dict(pair.split("=") for pair in _SHORTS.split())
_VALUES = """
abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout
connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary
data-raw data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url
dump-header ech egd-file engine etag-compare etag-save expect100-timeout form form-string
ftp-account ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms
haproxy-clientip header help hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway json
keepalive-cnt keepalive-time key key-type krb libcurl limit-rate local-port login-options mail-auth
mail-from mail-rcpt max-filesize max-redirs max-time netrc-file noproxy oauth2-bearer output
output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy
proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header
proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range
rate referer request request-target resolve retry retry-delay retry-max-time sasl-authzid
service-name socks4 socks4a socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time
stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser
trace trace-ascii trace-config unix-socket upload-file url url-query user user-agent variable
vlan-priority write-out
"""
_WITH_VALUE = frozenset(_VALUES.split())
"""Long names; all others are switches. From `curl --help all` of 7.88, and the manual of later ones."""
_SWITCHES = """
anyauth basic compressed digest fail fail-early fail-with-body get globoff head http1.0 http1.1
http2 http2-prior-knowledge http3 include insecure ipv4 ipv6 location location-trusted negotiate
netrc next no-buffer ntlm parallel path-as-is progress-bar remote-name show-error silent verbose
"""
_KNOWN_SWITCHES = frozenset(_SWITCHES.split())
_AS_BASIC = (
    "only Basic can be sent, so the name and password are; where the API answers 401, use a token or an API key of it "
    "in Authentication"
)
_LEFT_OUT = {
    "upload-file": "the file is not uploaded",
    "config": "the file with further options was not read",
    "cert": "client certificates are not supported",
    "key": "client certificates are not supported",
    "cacert": "certificates are checked against those of the system",
    "insecure": "certificates are always checked",
    "proxy": "set the proxy in the environment (HTTPS_PROXY) instead",
    "proxy-user": "set the proxy in the environment (HTTPS_PROXY) instead",
    "socks5": "set the proxy in the environment (ALL_PROXY) instead",
    "socks5-hostname": "set the proxy in the environment (ALL_PROXY) instead",
    "unix-socket": "sockets of this machine are not supported",
    "resolve": "names are looked up as usual",
    "connect-to": "names are looked up as usual",
    "digest": _AS_BASIC,
    "ntlm": _AS_BASIC,
    "negotiate": _AS_BASIC,
    "anyauth": _AS_BASIC,
    "netrc": "the file with passwords was not read",
    "netrc-file": "the file with passwords was not read",
    "etag-compare": "the file with the ETag was not read",
    "time-cond": "the condition on the time was left out",
    "continue-at": "downloads continue by themselves where they broke off",
    "request-target": "the URL is sent as it is",
    "variable": "variables of curl are not filled in",
    "max-time": "time limits are set in the stream",
}
"""Why options have no effect that would otherwise change the request or its answer."""

Option = tuple[str, str]


def split_options(words: list[str]) -> list[list[Option]]:
    """The options of a command by their long names, in order, for each `--next`. URLs are the option `url`."""
    groups: list[list[Option]] = [[]]
    rest = iter(words)
    for word in rest:
        if word == "--":
            groups[-1] += [("url", one) for one in rest]
        elif word.startswith("--"):
            groups[-1].append(_long(word[2:], rest))
        elif word.startswith("-") and len(word) > 1:
            groups[-1] += _short(word[1:], rest)
        else:
            groups[-1].append(("url", word))
        if groups[-1] and groups[-1][-1][0] == "next":
            groups[-1].pop()
            groups.append([])
    return groups


def notes_on(options: list[Option]) -> list[str]:
    """What is said of options that are left out, each reason once."""
    given = dict.fromkeys(name for name, _ in options if name in _LEFT_OUT)
    return [f"--{name}: {_LEFT_OUT[name]}." for name in given]


def _long(name: str, rest: Iterator[str]) -> Option:
    name, equals, value = name.partition("=")  # curl itself knows no `=`, but people write it
    full = _full_name(name)
    if full in _WITH_VALUE:
        return full, value if equals else next(rest, "")
    return full, ""


def _full_name(name: str) -> str:
    """The option that a name stands for: `curl` takes any beginning that only one option has."""
    if name in _WITH_VALUE or name in _KNOWN_SWITCHES:
        return name
    known = [one for one in (*_WITH_VALUE, *_KNOWN_SWITCHES) if one.startswith(name)] if len(name) > 2 else []
    return known[0] if len(known) == 1 else name


def _short(letters: str, rest: Iterator[str]) -> Iterator[Option]:
    for place, letter in enumerate(letters):
        name = _SHORT.get(letter, letter)
        if name not in _WITH_VALUE:
            yield name, ""
        else:
            yield name, letters[place + 1 :] or next(rest, "")
            return
