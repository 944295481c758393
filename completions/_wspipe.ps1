
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'wspipe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'wspipe'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'wspipe' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('connect', 'connect', [CompletionResultType]::ParameterValue, 'Connect to a server: standard input to messages, messages to standard output')
            [CompletionResult]::new('listen', 'listen', [CompletionResultType]::ParameterValue, 'Wait for clients: standard input to all of them, their messages to standard output')
            [CompletionResult]::new('inspect', 'inspect', [CompletionResultType]::ParameterValue, 'Perform a handshake and explain it, or explain a captured one')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print a completion script for a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page: wspipe man | man -l -')
            break
        }
        'wspipe;connect' {
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Offer a subprotocol; repeatable, the preferred one first')
            [CompletionResult]::new('--subprotocol', '--subprotocol', [CompletionResultType]::ParameterName, 'Offer a subprotocol; repeatable, the preferred one first')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Send an Origin, as a browser would')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Log in by HTTP Basic; a password that is not given is asked for')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Log in by HTTP Basic; a password that is not given is asked for')
            [CompletionResult]::new('--bearer', '--bearer', [CompletionResultType]::ParameterName, 'Log in with a bearer token; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--cookie', '--cookie', [CompletionResultType]::ParameterName, 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Ask for this host rather than for the URL''s')
            [CompletionResult]::new('-L', '-L ', [CompletionResultType]::ParameterName, 'Follow redirects, as many as MAX (10 if that is left out)')
            [CompletionResult]::new('--location', '--location', [CompletionResultType]::ParameterName, 'Follow redirects, as many as MAX (10 if that is left out)')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compress messages with permessage-deflate, if the peer does too')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound the way to an open connection, every step of it')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none')
            [CompletionResult]::new('--via-command', '--via-command', [CompletionResultType]::ParameterName, 'Use a command''s standard input and output as the connection; %h is the host, %p the port')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file too, besides the system''s; repeatable')
            [CompletionResult]::new('--sni', '--sni', [CompletionResultType]::ParameterName, 'Ask for this name, and expect it in the certificate, rather than the URL''s')
            [CompletionResult]::new('--tls-min', '--tls-min', [CompletionResultType]::ParameterName, 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Our certificate and its chain in PEM; the file may hold the private key as well')
            [CompletionResult]::new('--pkcs12', '--pkcs12', [CompletionResultType]::ParameterName, 'Our certificate and private key in a PKCS#12 archive')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Our private key in PEM, if it is not in the file of --cert')
            [CompletionResult]::new('--compress-level', '--compress-level', [CompletionResultType]::ParameterName, 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How messages lie in standard input and output')
            [CompletionResult]::new('--in', '--in', [CompletionResultType]::ParameterName, 'How standard input is cut into messages')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'How messages are laid out on standard output')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'The longest message that raw makes of one read')
            [CompletionResult]::new('--max-message', '--max-message', [CompletionResultType]::ParameterName, 'Refuse longer messages from the peer with close code 1009')
            [CompletionResult]::new('--send', '--send', [CompletionResultType]::ParameterName, 'Send this text message first, before standard input; repeatable')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'After the input has ended, close when nothing has come for so long; 0 closes at once')
            [CompletionResult]::new('--on-eof', '--on-eof', [CompletionResultType]::ParameterName, 'What the end of the input does: close (after --wait), or keep the session until the peer closes')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'End with status 0 after N messages have come')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End with status 0 after N messages have come')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound the whole run, as in --timeout 5s')
            [CompletionResult]::new('--close-code', '--close-code', [CompletionResultType]::ParameterName, 'The code of our Close')
            [CompletionResult]::new('--close-reason', '--close-reason', [CompletionResultType]::ParameterName, 'The reason of our Close, at most 123 bytes')
            [CompletionResult]::new('--close-timeout', '--close-timeout', [CompletionResultType]::ParameterName, 'How long the peer may take to answer our Close')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'End the session, with status 6, when nothing at all has come from the peer for so long')
            [CompletionResult]::new('--echo', '--echo', [CompletionResultType]::ParameterName, 'Send every message back instead of using standard input and output')
            [CompletionResult]::new('--location-trusted', '--location-trusted', [CompletionResultType]::ParameterName, 'Follow redirects, as -L does, and send credentials wherever they lead')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Use IPv4 addresses only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Use IPv4 addresses only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Use IPv6 addresses only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Use IPv6 addresses only')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Accept any certificate of the server')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Accept any certificate of the server')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Send text messages, which must be UTF-8 (the default)')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Send text messages, which must be UTF-8 (the default)')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Send binary messages; the format is then raw unless given')
            [CompletionResult]::new('--binary', '--binary', [CompletionResultType]::ParameterName, 'Send binary messages; the format is then raw unless given')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Records end with NUL: --format nul')
            [CompletionResult]::new('--nul', '--nul', [CompletionResultType]::ParameterName, 'Records end with NUL: --format nul')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Don''t read standard input')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wspipe;listen' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Accept a subprotocol that the client offers; repeatable, the preferred one first')
            [CompletionResult]::new('--subprotocol', '--subprotocol', [CompletionResultType]::ParameterName, 'Accept a subprotocol that the client offers; repeatable, the preferred one first')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'Add a header to the response; repeatable; @FILE or @env:NAME gives several')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Add a header to the response; repeatable; @FILE or @env:NAME gives several')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Serve this path only; others get 404')
            [CompletionResult]::new('--url-file', '--url-file', [CompletionResultType]::ParameterName, 'Write the URL to a file when ready, for scripts')
            [CompletionResult]::new('--handshake-timeout', '--handshake-timeout', [CompletionResultType]::ParameterName, 'How long a client may take for its handshake')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Our certificate and its chain in PEM; the file may hold the private key as well')
            [CompletionResult]::new('--pkcs12', '--pkcs12', [CompletionResultType]::ParameterName, 'Our certificate and private key in a PKCS#12 archive')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Our private key in PEM, if it is not in the file of --cert')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compress messages with permessage-deflate, if the peer does too')
            [CompletionResult]::new('--compress-level', '--compress-level', [CompletionResultType]::ParameterName, 'How hard to compress: 1 is the fastest, 9 gives the fewest bytes')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How messages lie in standard input and output')
            [CompletionResult]::new('--in', '--in', [CompletionResultType]::ParameterName, 'How standard input is cut into messages')
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'How messages are laid out on standard output')
            [CompletionResult]::new('--chunk-size', '--chunk-size', [CompletionResultType]::ParameterName, 'The longest message that raw makes of one read')
            [CompletionResult]::new('--max-message', '--max-message', [CompletionResultType]::ParameterName, 'Refuse longer messages from the peer with close code 1009')
            [CompletionResult]::new('--send', '--send', [CompletionResultType]::ParameterName, 'Send this text message first, before standard input; repeatable')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'After the input has ended, close when nothing has come for so long; 0 closes at once')
            [CompletionResult]::new('--on-eof', '--on-eof', [CompletionResultType]::ParameterName, 'What the end of the input does: close (after --wait), or keep the session until the peer closes')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'End with status 0 after N messages have come')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End with status 0 after N messages have come')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound the whole run, as in --timeout 5s')
            [CompletionResult]::new('--close-code', '--close-code', [CompletionResultType]::ParameterName, 'The code of our Close')
            [CompletionResult]::new('--close-reason', '--close-reason', [CompletionResultType]::ParameterName, 'The reason of our Close, at most 123 bytes')
            [CompletionResult]::new('--close-timeout', '--close-timeout', [CompletionResultType]::ParameterName, 'How long the peer may take to answer our Close')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'End the session, with status 6, when nothing at all has come from the peer for so long')
            [CompletionResult]::new('--echo', '--echo', [CompletionResultType]::ParameterName, 'Send every message back to the client that it came from')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'Serve one client, then exit with its status')
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Send text messages, which must be UTF-8 (the default)')
            [CompletionResult]::new('--text', '--text', [CompletionResultType]::ParameterName, 'Send text messages, which must be UTF-8 (the default)')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Send binary messages; the format is then raw unless given')
            [CompletionResult]::new('--binary', '--binary', [CompletionResultType]::ParameterName, 'Send binary messages; the format is then raw unless given')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'Records end with NUL: --format nul')
            [CompletionResult]::new('--nul', '--nul', [CompletionResultType]::ParameterName, 'Records end with NUL: --format nul')
            [CompletionResult]::new('--no-stdin', '--no-stdin', [CompletionResultType]::ParameterName, 'Don''t read standard input')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wspipe;inspect' {
            [CompletionResult]::new('--request', '--request', [CompletionResultType]::ParameterName, 'Explain the request in this file, and the response, if it is there too; - is standard input')
            [CompletionResult]::new('--response', '--response', [CompletionResultType]::ParameterName, 'Explain the response in this file; alone, what needs the request is not checked')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Print the Sec-WebSocket-Accept for this Sec-WebSocket-Key; with a URL: our private key, a file')
            [CompletionResult]::new('--accept', '--accept', [CompletionResultType]::ParameterName, 'Verify that this Sec-WebSocket-Accept belongs to --key: status 0 or 5')
            [CompletionResult]::new('--min-days', '--min-days', [CompletionResultType]::ParameterName, 'Fail with status 4 unless the server''s certificates are valid for so many days more')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colour the verdicts: auto does on a terminal, unless `NO_COLOR` is set')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Add a header; repeatable; @FILE or @env:NAME gives several, one a line')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Offer a subprotocol; repeatable, the preferred one first')
            [CompletionResult]::new('--subprotocol', '--subprotocol', [CompletionResultType]::ParameterName, 'Offer a subprotocol; repeatable, the preferred one first')
            [CompletionResult]::new('--origin', '--origin', [CompletionResultType]::ParameterName, 'Send an Origin, as a browser would')
            [CompletionResult]::new('-u', '-u', [CompletionResultType]::ParameterName, 'Log in by HTTP Basic; a password that is not given is asked for')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Log in by HTTP Basic; a password that is not given is asked for')
            [CompletionResult]::new('--bearer', '--bearer', [CompletionResultType]::ParameterName, 'Log in with a bearer token; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--cookie', '--cookie', [CompletionResultType]::ParameterName, 'Send a cookie; repeatable; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--host', '--host', [CompletionResultType]::ParameterName, 'Ask for this host rather than for the URL''s')
            [CompletionResult]::new('-L', '-L ', [CompletionResultType]::ParameterName, 'Follow redirects, as many as MAX (10 if that is left out)')
            [CompletionResult]::new('--location', '--location', [CompletionResultType]::ParameterName, 'Follow redirects, as many as MAX (10 if that is left out)')
            [CompletionResult]::new('--compress', '--compress', [CompletionResultType]::ParameterName, 'Compress messages with permessage-deflate, if the peer does too')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound the way to an open connection, every step of it')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'Go through a proxy, http://, https://, socks5:// or socks5h://[USER:PASS@]HOST[:PORT], or through none')
            [CompletionResult]::new('--via-command', '--via-command', [CompletionResultType]::ParameterName, 'Use a command''s standard input and output as the connection; %h is the host, %p the port')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host and port instead of looking it up; repeatable, the host * is any')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Trust the certificates in this PEM file too, besides the system''s; repeatable')
            [CompletionResult]::new('--sni', '--sni', [CompletionResultType]::ParameterName, 'Ask for this name, and expect it in the certificate, rather than the URL''s')
            [CompletionResult]::new('--tls-min', '--tls-min', [CompletionResultType]::ParameterName, 'The oldest version of TLS that will do: 1.0, 1.1, 1.2 or 1.3')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Our certificate and its chain in PEM; the file may hold the private key as well')
            [CompletionResult]::new('--pkcs12', '--pkcs12', [CompletionResultType]::ParameterName, 'Our certificate and private key in a PKCS#12 archive')
            [CompletionResult]::new('--passphrase', '--passphrase', [CompletionResultType]::ParameterName, 'The passphrase of the private key or the archive; @FILE or @env:NAME takes it from there')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON, for machines')
            [CompletionResult]::new('--show-secrets', '--show-secrets', [CompletionResultType]::ParameterName, 'Show credentials in the heads instead of ***')
            [CompletionResult]::new('--location-trusted', '--location-trusted', [CompletionResultType]::ParameterName, 'Follow redirects, as -L does, and send credentials wherever they lead')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Use IPv4 addresses only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Use IPv4 addresses only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Use IPv6 addresses only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Use IPv6 addresses only')
            [CompletionResult]::new('-k', '-k', [CompletionResultType]::ParameterName, 'Accept any certificate of the server')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Accept any certificate of the server')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wspipe;completions' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'wspipe;man' {
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on standard error; the exit status tells')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say what happens on standard error; -vv says more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
