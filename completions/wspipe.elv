
use builtin;
use str;

set edit:completion:arg-completer[wspipe] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'wspipe'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'wspipe'= {
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand connect 'Connect to a server: standard input to messages, messages to standard output'
            cand listen 'Wait for clients: standard input to all of them, their messages to standard output'
            cand inspect 'Perform a handshake and explain it, or compute a Sec-WebSocket-Accept'
            cand completions 'Print a completion script for a shell'
            cand man 'Print a manual page: wspipe man | man -l -'
        }
        &'wspipe;connect'= {
            cand -H 'Add a header to the request; @FILE reads headers from a file, one a line; repeatable'
            cand --header 'Add a header to the request; @FILE reads headers from a file, one a line; repeatable'
            cand -s 'Offer a subprotocol; repeatable, the preferred one first'
            cand --subprotocol 'Offer a subprotocol; repeatable, the preferred one first'
            cand --origin 'Send an Origin, as a browser would'
            cand -u 'Log in by HTTP Basic authentication'
            cand --user 'Log in by HTTP Basic authentication'
            cand --bearer 'Log in with a bearer token; @FILE reads it from a file'
            cand --cookie 'Send a cookie; repeatable'
            cand --host 'Ask for this host rather than for the URL''s'
            cand --compress 'Compress messages with permessage-deflate, if the peer does too'
            cand --connect-timeout 'Bound the way to an open connection, every step of it'
            cand --compress-level 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes'
            cand --format 'How messages lie in standard input and output'
            cand --in 'How standard input is cut into messages'
            cand --out 'How messages are laid out on standard output'
            cand --chunk-size 'The longest message that raw makes of one read'
            cand --max-message 'Refuse longer messages from the peer with close code 1009'
            cand --send 'Send this text message first, before standard input; repeatable'
            cand --wait 'After the input has ended, close when nothing has come for so long; 0 closes at once'
            cand --on-eof 'What the end of the input does: close (after --wait), or keep the session until the peer closes'
            cand -c 'End with status 0 after N messages have come'
            cand --count 'End with status 0 after N messages have come'
            cand --timeout 'Bound the whole run, as in --timeout 5s'
            cand --close-code 'The code of our Close'
            cand --close-reason 'The reason of our Close, at most 123 bytes'
            cand --close-timeout 'How long the peer may take to answer our Close'
            cand --idle-timeout 'End the session, with status 6, when nothing at all has come from the peer for so long'
            cand --echo 'Send every message back instead of using standard input and output'
            cand -t 'Send text messages, which must be UTF-8 (the default)'
            cand --text 'Send text messages, which must be UTF-8 (the default)'
            cand -b 'Send binary messages; the format is then raw unless given'
            cand --binary 'Send binary messages; the format is then raw unless given'
            cand -0 'Records end with NUL: --format nul'
            cand --nul 'Records end with NUL: --format nul'
            cand --no-stdin 'Don''t read standard input'
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wspipe;listen'= {
            cand -s 'Accept a subprotocol that the client offers; repeatable, the preferred one first'
            cand --subprotocol 'Accept a subprotocol that the client offers; repeatable, the preferred one first'
            cand -H 'Add a header to the response; repeatable'
            cand --header 'Add a header to the response; repeatable'
            cand --path 'Serve this path only; others get 404'
            cand --url-file 'Write the URL to a file when ready, for scripts'
            cand --handshake-timeout 'How long a client may take for its handshake'
            cand --compress 'Compress messages with permessage-deflate, if the peer does too'
            cand --compress-level 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes'
            cand --format 'How messages lie in standard input and output'
            cand --in 'How standard input is cut into messages'
            cand --out 'How messages are laid out on standard output'
            cand --chunk-size 'The longest message that raw makes of one read'
            cand --max-message 'Refuse longer messages from the peer with close code 1009'
            cand --send 'Send this text message first, before standard input; repeatable'
            cand --wait 'After the input has ended, close when nothing has come for so long; 0 closes at once'
            cand --on-eof 'What the end of the input does: close (after --wait), or keep the session until the peer closes'
            cand -c 'End with status 0 after N messages have come'
            cand --count 'End with status 0 after N messages have come'
            cand --timeout 'Bound the whole run, as in --timeout 5s'
            cand --close-code 'The code of our Close'
            cand --close-reason 'The reason of our Close, at most 123 bytes'
            cand --close-timeout 'How long the peer may take to answer our Close'
            cand --idle-timeout 'End the session, with status 6, when nothing at all has come from the peer for so long'
            cand --echo 'Send every message back to the client that it came from'
            cand --once 'Serve one client, then exit with its status'
            cand -t 'Send text messages, which must be UTF-8 (the default)'
            cand --text 'Send text messages, which must be UTF-8 (the default)'
            cand -b 'Send binary messages; the format is then raw unless given'
            cand --binary 'Send binary messages; the format is then raw unless given'
            cand -0 'Records end with NUL: --format nul'
            cand --nul 'Records end with NUL: --format nul'
            cand --no-stdin 'Don''t read standard input'
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wspipe;inspect'= {
            cand --key 'Print the Sec-WebSocket-Accept for this Sec-WebSocket-Key'
            cand --accept 'Verify that this Sec-WebSocket-Accept belongs to --key: status 0 or 5'
            cand -H 'Add a header to the request; @FILE reads headers from a file, one a line; repeatable'
            cand --header 'Add a header to the request; @FILE reads headers from a file, one a line; repeatable'
            cand -s 'Offer a subprotocol; repeatable, the preferred one first'
            cand --subprotocol 'Offer a subprotocol; repeatable, the preferred one first'
            cand --origin 'Send an Origin, as a browser would'
            cand -u 'Log in by HTTP Basic authentication'
            cand --user 'Log in by HTTP Basic authentication'
            cand --bearer 'Log in with a bearer token; @FILE reads it from a file'
            cand --cookie 'Send a cookie; repeatable'
            cand --host 'Ask for this host rather than for the URL''s'
            cand --compress 'Compress messages with permessage-deflate, if the peer does too'
            cand --connect-timeout 'Bound the way to an open connection, every step of it'
            cand --json 'Print JSON, for machines'
            cand --show-secrets 'Show credentials in the request instead of ***'
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wspipe;completions'= {
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'wspipe;man'= {
            cand -q 'Say nothing on standard error; the exit status tells'
            cand --quiet 'Say nothing on standard error; the exit status tells'
            cand -v 'Say what happens on standard error; -vv says more'
            cand --verbose 'Say what happens on standard error; -vv says more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
    ]
    $completions[$command]
}
