# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_wspipe_global_optspecs
    string join \n q/quiet v/verbose h/help V/version
end

function __fish_wspipe_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_wspipe_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_wspipe_using_subcommand
    set -l cmd (__fish_wspipe_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c wspipe -n "__fish_wspipe_needs_command" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_needs_command" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_needs_command" -s V -l version -d 'Print version'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "connect" -d 'Connect to a server: standard input to messages, messages to standard output'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "listen" -d 'Wait for clients: standard input to all of them, their messages to standard output'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "inspect" -d 'Perform a handshake and explain it, or explain a captured one'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "ping" -d 'Measure round trips: send pings, and tell how long each pong takes'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "replay" -d 'Play a recorded session, or a script, and print or check what comes'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "forward" -d 'Take TCP or unix connections, and carry each over a WebSocket of its own'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c wspipe -n "__fish_wspipe_needs_command" -f -a "man" -d 'Print a manual page: wspipe man | man -l -'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l forward -d 'Carry a TCP or unix connection to this place instead: HOST:PORT or unix:PATH' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l grace -d 'How long what is under way at the end may take' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s H -l header -d 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s s -l subprotocol -d 'Offer a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l origin -d 'Send an Origin, as a browser would' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s u -l user -d 'Log in by HTTP Basic; a password that is not given is asked for' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l bearer -d 'Log in with a bearer token; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l cookie -d 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l host -d 'Ask for this host rather than for the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s L -l location -d 'Follow redirects, as many as MAX (10 if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l connect-timeout -d 'Bound the way to an open connection, every step of it' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l retry -d 'Try again until the server is up, for so long (30s if left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l proxy -d 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l via-command -d 'Use a command\'s standard input and output as the connection; %h is the host, %p the port' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l resolve -d 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l cacert -d 'Trust the certificates in this PEM file too, besides the system\'s; repeatable' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l sni -d 'Ask for this name, and expect it in the certificate, rather than the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l tls-min -d 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l key -d 'Our private key in PEM, if it is not in the file of --cert' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l compress-level -d 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l reconnect -d 'Connect again when the session breaks; give up after MAX attempts in a row' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l reconnect-delay -d 'The delay before the first attempt to connect again (1s if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l format -d 'How messages lie in standard input and output' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'"
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l in -d 'How standard input is cut into messages: by a format of --format' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'"
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l out -d 'How messages are laid out on standard output: by a format of --format, or hex, a hexdump for people' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'
hex\t'A hexdump of each message, for people'"
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l chunk-size -d 'The longest message that raw makes of one read' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l max-message -d 'Refuse longer messages from the peer with close code 1009' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l send -d 'Send this text message first; repeatable, in turn with --expect' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l expect -d 'End with status 0 after a message that matches; repeatable, in order' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l wait -d 'After the input\'s end, close when so long nothing has come' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l on-eof -d 'What the end of the input does: close (after --wait), or keep the session until the peer closes' -r -f -a "close\t'Close, once nothing has come for the time of --wait'
keep\t'Stay until the peer closes'"
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s c -l count -d 'End with status 0 after N messages have come' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l timeout -d 'Bound the whole run, as in --timeout 5s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l close-code -d 'The code of our Close' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l close-reason -d 'The reason of our Close, at most 123 bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l close-timeout -d 'How long the peer may take to answer our Close' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l idle-timeout -d 'End the session, with status 6, when nothing at all has come from the peer for so long' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l ping-interval -d 'Send a Ping every so often, and end with status 6 if nothing comes back for --ping-timeout' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l ping-timeout -d 'How long nothing may come from the peer after a Ping [default: 20s]' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l stats -d 'At the end say on standard error what was carried, also with -q; as one line of JSON with =json' -r -f -a "text\t'Lines for people'
json\t'One line of JSON'"
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l record -d 'Write all that comes and goes to FILE, as JSON Lines' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l echo -d 'Send every message back instead of using standard input and output'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l exec -d 'Talk to a command\'s standard input and output: --exec -- COMMAND ARGS'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l location-trusted -d 'Follow redirects, as -L does, and send credentials wherever they lead'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s k -l insecure -d 'Accept any certificate of the server'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s t -l text -d 'Send text messages, which must be UTF-8 (the default)'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s b -l binary -d 'Send binary messages; the format is then raw unless given'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l timestamps -d 'Print the time before each message; with lines, nul and hex'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s 0 -l nul -d 'Records end with NUL: --format nul'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l no-stdin -d 'Don\'t read standard input'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -l progress -d 'Show on the terminal how much has been carried, how fast, and of an input file how much is left'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l forward -d 'Carry a connection to HOST:PORT or unix:PATH for each client' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l grace -d 'How long what is under way at the end may take' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l env-header -d 'Give the command of --exec a header of the request, as `HTTP_NAME`; repeatable' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s s -l subprotocol -d 'Accept a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s H -l header -d 'Add a header to the response; repeatable; or @FILE, @env:NAME' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l path -d 'Serve this path only; others get 404' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l page -d 'Show browsers a web console on the same port, or the page in FILE' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l max-clients -d 'Serve at most N clients at a time; the next one gets 503' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l queue -d 'How much may wait for one client; one that is too slow then is let go' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l socket-mode -d 'The mode of a unix socket\'s file, in octal, as in 660' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l url-file -d 'Write the URL to a file when ready, for scripts' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l handshake-timeout -d 'How long a client may take for its handshake' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l allow-origin -d 'Let in pages from ORIGIN, which may hold `*`; repeatable' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s u -l user -d 'Let in who logs in by HTTP Basic; or @FILE, @env:NAME' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l token -d 'Let in who shows this token; or @FILE, @env:NAME' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l key -d 'Our private key in PEM, if it is not in the file of --cert' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l compress-level -d 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l format -d 'How messages lie in standard input and output' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'"
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l in -d 'How standard input is cut into messages: by a format of --format' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'"
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l out -d 'How messages are laid out on standard output: by a format of --format, or hex, a hexdump for people' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'
hex\t'A hexdump of each message, for people'"
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l chunk-size -d 'The longest message that raw makes of one read' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l max-message -d 'Refuse longer messages from the peer with close code 1009' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l send -d 'Send this text message first; repeatable, in turn with --expect' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l expect -d 'End with status 0 after a message that matches; repeatable, in order' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l wait -d 'After the input\'s end, close when so long nothing has come' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l on-eof -d 'What the end of the input does: close (after --wait), or keep the session until the peer closes' -r -f -a "close\t'Close, once nothing has come for the time of --wait'
keep\t'Stay until the peer closes'"
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s c -l count -d 'End with status 0 after N messages have come' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l timeout -d 'Bound the whole run, as in --timeout 5s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l close-code -d 'The code of our Close' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l close-reason -d 'The reason of our Close, at most 123 bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l close-timeout -d 'How long the peer may take to answer our Close' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l idle-timeout -d 'End the session, with status 6, when nothing at all has come from the peer for so long' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l ping-interval -d 'Send a Ping every so often, and end with status 6 if nothing comes back for --ping-timeout' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l ping-timeout -d 'How long nothing may come from the peer after a Ping [default: 20s]' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l stats -d 'At the end say on standard error what was carried, also with -q; as one line of JSON with =json' -r -f -a "text\t'Lines for people'
json\t'One line of JSON'"
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l record -d 'Write all that comes and goes to FILE, as JSON Lines' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l echo -d 'Send every message back to the client that it came from'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l broadcast -d 'Send every message to all other clients: a room to chat in'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l exec -d 'Talk to a command\'s standard input and output: --exec -- COMMAND ARGS'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l once -d 'Serve one client, then exit with its status'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l lossless -d 'Let no client go: everything waits for the slowest (implied by --once)'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l require-subprotocol -d 'Refuse who offers no subprotocol of --subprotocol'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l trust-proxy -d 'Take a client\'s address from the proxy in front of the listener'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s t -l text -d 'Send text messages, which must be UTF-8 (the default)'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s b -l binary -d 'Send binary messages; the format is then raw unless given'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l timestamps -d 'Print the time before each message; with lines, nul and hex'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s 0 -l nul -d 'Records end with NUL: --format nul'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l no-stdin -d 'Don\'t read standard input'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -l progress -d 'Show on the terminal how much has been carried, how fast, and of an input file how much is left'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand listen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l request -d 'Explain the request in this file, and the response, if it is there too; - is standard input' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l response -d 'Explain the response in this file; alone, what needs the request is not checked' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l key -d 'Print the Sec-WebSocket-Accept for this Sec-WebSocket-Key; with a URL: our private key, a file' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l accept -d 'Verify that this Sec-WebSocket-Accept belongs to --key: status 0 or 5' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l min-days -d 'Fail with status 4 unless the server\'s certificates are valid for so many days more' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l color -d 'Colour the verdicts: auto does on a terminal, unless `NO_COLOR` is set' -r -f -a "auto\t''
always\t''
never\t''"
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s H -l header -d 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s s -l subprotocol -d 'Offer a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l origin -d 'Send an Origin, as a browser would' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s u -l user -d 'Log in by HTTP Basic; a password that is not given is asked for' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l bearer -d 'Log in with a bearer token; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l cookie -d 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l host -d 'Ask for this host rather than for the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s L -l location -d 'Follow redirects, as many as MAX (10 if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l connect-timeout -d 'Bound the way to an open connection, every step of it' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l retry -d 'Try again until the server is up, for so long (30s if left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l proxy -d 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l via-command -d 'Use a command\'s standard input and output as the connection; %h is the host, %p the port' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l resolve -d 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l cacert -d 'Trust the certificates in this PEM file too, besides the system\'s; repeatable' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l sni -d 'Ask for this name, and expect it in the certificate, rather than the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l tls-min -d 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l json -d 'Print JSON, for machines'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l show-secrets -d 'Show credentials in the heads instead of ***'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -l location-trusted -d 'Follow redirects, as -L does, and send credentials wherever they lead'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s k -l insecure -d 'Accept any certificate of the server'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand inspect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s c -l count -d 'End after N pings and their pongs' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s i -l interval -d 'How far apart pings are; 0 sends the next one when the pong has come' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s W -l wait -d 'How long a pong is waited for until its ping counts as lost' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s s -l size -d 'How many bytes each ping carries, at most 125' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l timeout -d 'Bound the whole run, as in --timeout 5s; status 9 if it is not over by then' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s H -l header -d 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l origin -d 'Send an Origin, as a browser would' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s u -l user -d 'Log in by HTTP Basic; a password that is not given is asked for' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l bearer -d 'Log in with a bearer token; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l cookie -d 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l host -d 'Ask for this host rather than for the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s L -l location -d 'Follow redirects, as many as MAX (10 if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l connect-timeout -d 'Bound the way to an open connection, every step of it' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l retry -d 'Try again until the server is up, for so long (30s if left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l proxy -d 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l via-command -d 'Use a command\'s standard input and output as the connection; %h is the host, %p the port' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l resolve -d 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l cacert -d 'Trust the certificates in this PEM file too, besides the system\'s; repeatable' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l sni -d 'Ask for this name, and expect it in the certificate, rather than the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l tls-min -d 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l key -d 'Our private key in PEM, if it is not in the file of --cert' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l subprotocol -d 'Offer a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s q -l quiet -d 'Print no line for each pong, and nothing on standard error; with --json the summary only'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l json -d 'Print JSON Lines: an object for each pong, and one for the summary'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -l location-trusted -d 'Follow redirects, as -L does, and send credentials wherever they lead'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s k -l insecure -d 'Accept any certificate of the server'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand ping" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l speed -d 'How many times faster than recorded, or max to wait for nothing but what is awaited' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l answer-timeout -d 'How much later than recorded an awaited line may come; the replay ends if it does not, with status 8' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l wait -d 'After the last line, close when nothing has come for so long; 0 closes at once' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l timeout -d 'Bound the whole run, as in --timeout 5s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l close-timeout -d 'How long the peer may take to answer our Close' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l max-message -d 'Refuse longer messages from the peer with close code 1009' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l record -d 'Write all that comes and goes to FILE, as JSON Lines' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l stats -d 'At the end say on standard error what was carried, also with -q; as one line of JSON with =json' -r -f -a "text\t'Lines for people'
json\t'One line of JSON'"
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s H -l header -d 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s s -l subprotocol -d 'Offer a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l origin -d 'Send an Origin, as a browser would' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s u -l user -d 'Log in by HTTP Basic; a password that is not given is asked for' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l bearer -d 'Log in with a bearer token; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l cookie -d 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l host -d 'Ask for this host rather than for the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s L -l location -d 'Follow redirects, as many as MAX (10 if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l connect-timeout -d 'Bound the way to an open connection, every step of it' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l retry -d 'Try again until the server is up, for so long (30s if left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l proxy -d 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l via-command -d 'Use a command\'s standard input and output as the connection; %h is the host, %p the port' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l resolve -d 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l cacert -d 'Trust the certificates in this PEM file too, besides the system\'s; repeatable' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l sni -d 'Ask for this name, and expect it in the certificate, rather than the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l tls-min -d 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l key -d 'Our private key in PEM, if it is not in the file of --cert' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l compress-level -d 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l out -d 'How messages are laid out on standard output' -r -f -a "lines\t'A message a line; the line feed is not part of it (the default)'
nul\t'Like lines, with NUL bytes'
raw\t'In: what one read gives is a message; out: payload, nothing added (the default with -b)'
whole\t'In: all of the input is one message; out: like raw'
length\t'A 4-byte big-endian length, then that many bytes'
json\t'JSON Lines: one event a line'
hex\t'A hexdump of each message, for people'"
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l check -d 'Compare what comes with the lines of dir "in": a diff and status 8 where it differs'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l timestamps -d 'Print the time before each message; with lines, nul and hex'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -l location-trusted -d 'Follow redirects, as -L does, and send credentials wherever they lead'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s k -l insecure -d 'Accept any certificate of the server'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l socket-mode -d 'The mode of a unix socket\'s file, in octal, as in 660' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s H -l header -d 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s s -l subprotocol -d 'Offer a subprotocol; repeatable, the preferred one first' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l origin -d 'Send an Origin, as a browser would' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s u -l user -d 'Log in by HTTP Basic; a password that is not given is asked for' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l bearer -d 'Log in with a bearer token; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l cookie -d 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l host -d 'Ask for this host rather than for the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s L -l location -d 'Follow redirects, as many as MAX (10 if that is left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l compress -d 'Compress messages with permessage-deflate, if the peer does too' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l connect-timeout -d 'Bound the way to an open connection, every step of it' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l retry -d 'Try again until the server is up, for so long (30s if left out)' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l proxy -d 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l via-command -d 'Use a command\'s standard input and output as the connection; %h is the host, %p the port' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l resolve -d 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l cacert -d 'Trust the certificates in this PEM file too, besides the system\'s; repeatable' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l sni -d 'Ask for this name, and expect it in the certificate, rather than the URL\'s' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l tls-min -d 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l cert -d 'Our certificate and its chain in PEM; the file may hold the private key as well' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l pkcs12 -d 'Our certificate and private key in a PKCS#12 archive' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l passphrase -d 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l key -d 'Our private key in PEM, if it is not in the file of --cert' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l compress-level -d 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l record -d 'Write all that comes and goes to FILE, as JSON Lines' -r -F
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l idle-timeout -d 'Give up when nothing at all has come from the other end for this long' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l ping-interval -d 'Send a Ping every so often, and end with status 6 if nothing comes back for --ping-timeout' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l ping-timeout -d 'How long nothing may come from the peer after a Ping [default: 20s]' -r
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -l location-trusted -d 'Follow redirects, as -L does, and send credentials wherever they lead'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s 4 -l ipv4 -d 'Use IPv4 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s 6 -l ipv6 -d 'Use IPv6 addresses only'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s k -l insecure -d 'Accept any certificate of the server'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand forward" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand completions" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand completions" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c wspipe -n "__fish_wspipe_using_subcommand man" -s q -l quiet -d 'Say nothing on standard error; the exit status tells'
complete -c wspipe -n "__fish_wspipe_using_subcommand man" -s v -l verbose -d 'Say what happens on standard error; -vv says more'
complete -c wspipe -n "__fish_wspipe_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
