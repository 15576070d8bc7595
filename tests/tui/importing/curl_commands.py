"""Commands as people paste them. `http://api.test` stands for the loopback server; `ENVIRONMENT` is what bash knows."""

from __future__ import annotations

ENVIRONMENT = {"API_TOKEN": "env-token", "ACCOUNT_ID": "acc-7", "LIST": "l 1&2"}

COMMANDS = {
    # plain requests
    "plain": "curl http://api.test/items",
    "quoted": "curl 'http://api.test/items?page=1&size=50'",
    "double quotes": 'curl "http://api.test/items?page=1&size=50"',
    "silent, follow, fail": "curl -sSfL http://api.test/items",
    "output": "curl -o items.json http://api.test/items",
    "output glued": "curl -oitems.json -sS --max-time 20 http://api.test/items",
    "write out": "curl -s -o /dev/null -w '%{http_code}\\n' http://api.test/items",
    "compressed": "curl --compressed http://api.test/items",
    "url option": "curl --silent --url http://api.test/items",
    "fragment": "curl 'http://api.test/items?a=1#top'",
    "delete": "curl -X DELETE http://api.test/items/7",
    "glued method": "curl -XPUT http://api.test/items/7 -H 'Content-Type: application/json' -d '{\"a\": 1}'",
    "long method": "curl --request PATCH http://api.test/items/7 --header 'X-A: b'",
    "head": "curl -I http://api.test/items",
    "range": "curl --range 0-99 http://api.test/file.bin",
    "short range": "curl -r 100-199 http://api.test/file.bin",
    "escaped path": "curl http://api.test/items/a%20b%2Fc",
    "repeated parameters": "curl 'http://api.test/items?tag=a&tag=b&x='",
    "brackets": "curl -g 'http://api.test/items?filter[name]=a&fields[]=b'",
    "braces": "curl -g 'http://api.test/items?q={\"a\":1}'",
    "user agent": "curl -A 'acme-sync/1.0' http://api.test/items",
    "referer": "curl -e http://api.test/start http://api.test/items",
    "abbreviated option": "curl --sil http://api.test/items",
    "ends with --": "curl -s -- http://api.test/items",
    # credentials
    "bearer": "curl -H 'Authorization: Bearer abc.def' http://api.test/items",
    "bearer, short word": "curl -H 'authorization: bearer abc' http://api.test/items",
    "token scheme": "curl -H 'Authorization: Token abc' http://api.test/items",
    "oauth": "curl --oauth2-bearer abc http://api.test/items",
    "basic": "curl -u me:pa55:w http://api.test/items",
    "basic in url": "curl http://me:p%40ss@api.test/items",
    "basic without password": "curl -u key: http://api.test/items",
    "header wins over user": "curl -u me:pw -H 'Authorization: Bearer t' http://api.test/items",
    "api key header": "curl -H 'X-Api-Key: k1' http://api.test/items",
    "api key parameter": "curl 'http://api.test/items?api_key=k1&page=2'",
    "cookie": "curl -b 'sid=1; theme=dark' http://api.test/items",
    "two cookies": "curl -b sid=1 -b theme=dark http://api.test/items",
    "two secrets": "curl -H 'Authorization: Bearer t' -H 'X-Auth-Token: u' http://api.test/items",
    # data
    "form": "curl -d a=1 -d b=two http://api.test/items",
    "form in one": "curl --data 'a=1&b=two%20words&c=' http://api.test/items",
    "form with spaces": "curl -d 'name=two words' http://api.test/items",
    "urlencoded": "curl --data-urlencode 'q=a&b=c é' http://api.test/items",
    "urlencoded content": "curl --data-urlencode '=a=b' http://api.test/items",
    "urlencoded bare": "curl --data-urlencode 'a b' http://api.test/items",
    "get": "curl -G http://api.test/items -d page=2 --data-urlencode 'q=a b&c'",
    "get beside query": "curl --get 'http://api.test/items?x=1' -d y=2",
    "url-query": "curl http://api.test/items --url-query 'q=a b&c' --url-query 'page=2'",
    "url-query raw": "curl 'http://api.test/items?x=1' --url-query '+y=%20z'",
    "json": 'curl -H \'Content-Type: application/json\' -d \'{"a": [1, null, "x"], "b": {"c": true}}\' http://api.test/items',
    "json option": "curl --json '{\"a\": 1.5}' http://api.test/items",
    "json in parts": "curl --json '{\"a\":' --json '1}' http://api.test/items",
    "json list": "curl -H 'Content-Type: application/json' -d '[1, 2]' http://api.test/items",
    "json with empty things": (
        'curl -H \'Content-Type: application/json\' -d \'{"a": "", "b": [], "c": {}, "d": null, "e": "12"}\' '
        "http://api.test/items"
    ),
    "json charset": "curl -H 'Content-Type: application/json; charset=utf-8' -d '{\"ä\": \"é\"}' http://api.test/items",
    "vendor json": "curl -H 'Content-Type: application/vnd.api+json' -d '{\"data\": {\"id\": 1}}' http://api.test/items",
    "xml": "curl -H 'Content-Type: text/xml' --data-binary '<a>\n <b/>\n</a>' http://api.test/items",
    "plain text": "curl -H 'Content-Type: text/plain' --data-raw 'SELECT 1' http://api.test/items",
    "raw at": "curl -H 'Content-Type: text/plain' --data-raw '@home' http://api.test/items",
    "text without a type": "curl --data-raw 'SELECT 1' http://api.test/items",
    "graphql": (
        "curl http://api.test/graphql -H 'Content-Type: application/json' "
        '-d \'{"query": "query($n: Int) { items(first: $n) { id } }", "variables": {"n": 5}}\''
    ),
    "template letters": (
        "curl -H 'Content-Type: text/plain' --data-raw 'a {% if %} {# b #} }} c' http://api.test/items"
    ),
    "put with empty body": "curl -X POST http://api.test/items -H 'Content-Length: 0'",
    # shells
    "continued": "curl http://api.test/items \\\n  -H 'Accept: text/csv' \\\n  -H 'X-A: b'",
    "ansi quotes": "curl http://api.test/items -H 'Content-Type: application/json' "
    r"--data-raw $'{\"a\": \"it\'s \u00fc\\n\"}'",
    "joined quotes": "curl http://api.test/items -H 'X-A: it'\"'\"'s' -H X-B:\\ c",
    "comments": "# List the items.\n#   page: which page\ncurl http://api.test/items?page=1 # done\n",
    "variables": 'HOST=http://api.test\nPAGE=3\ncurl "$HOST/items?page=${PAGE}"',
    "exported": 'export KEY=\'k 1\' OTHER=2\ncurl -H "X-Api-Key: $KEY" -H "X-Other: $OTHER" http://api.test/items',
    "defaults": 'curl "http://api.test/items?page=${PAGE:-4}&size=${SIZE-10}"',
    "environment": 'curl -H "Authorization: Bearer $API_TOKEN" http://api.test/accounts/${ACCOUNT_ID}/items',
    "environment in json": (
        'curl -H \'Content-Type: application/json\' -d "{\\"account\\": \\"$ACCOUNT_ID\\"}" http://api.test/items'
    ),
    "environment in single quotes": (
        "curl -H 'Content-Type: application/json' -d '{\"account\": \"'\"$ACCOUNT_ID\"'\"}' http://api.test/items"
    ),
    "environment beside nothing": (
        'curl -H \'Content-Type: application/json\' -d \'{"none": null, "account": "\'"$ACCOUNT_ID"\'"}\' '
        "http://api.test/items"
    ),
    "environment encoded": 'curl -G --data-urlencode "list=$LIST" http://api.test/items',
    "assigned before": "A=1 B=2 curl http://api.test/items",
    "sudo and time": "time env X=1 curl -s http://api.test/items",
    "pipe": "curl -s http://api.test/items | head -c 20 | wc -c",
    "errors aside": "curl -s http://api.test/items 2>/dev/null >items.json || echo failed",
    "and then": "mkdir -p out && curl -s http://api.test/items > out/items.json && echo done",
    "here-document": (
        'curl http://api.test/items -H \'Content-Type: application/json\' -d @- <<EOF\n{\n  "a": "$ACCOUNT_ID",\n'
        '  "b": "it\'s \\"x\\""\n}\nEOF\n'
    ).replace('it\'s \\"x\\"', "it's"),
    "quoted here-document": (
        "curl http://api.test/items -H 'Content-Type: text/plain' --data-binary @- <<'END'\nline $1\n  `two`\nEND\n"
    ),
    "indented here-document": (
        "if true; then\n\tcurl http://api.test/items -H 'Content-Type: text/plain' --data-binary @- <<-END\n"
        "\tone\n\ttwo\n\tEND\nfi\n"
    ),
    "here-string": "curl http://api.test/items -H 'Content-Type: text/plain' --data-binary @- <<< 'one line'",
    "echo": "echo '{\"a\": 1}' | curl http://api.test/items -H 'Content-Type: application/json' -d @-",
    "printf": "printf '%s' 'a b' | curl http://api.test/items -H 'Content-Type: text/plain' --data-binary @-",
    "cat here-document": (
        "cat <<EOF | curl -s http://api.test/items -H 'Content-Type: text/plain' --data-binary @-\nhello\nEOF\n"
    ),
    "several": "curl http://api.test/first\ncurl -X POST http://api.test/second -d a=1\n",
    "several urls": "curl -s http://api.test/first http://api.test/second -H 'X-A: b'",
    "next": "curl http://api.test/first -H 'X-A: b' --next http://api.test/second -d a=1",
    "loop": "for n in 1; do curl -s http://api.test/items; done",
    "echoed variable": 'DAY=$(echo 2024-01-31)\ncurl "http://api.test/items?day=$DAY"',
    "appended variable": "URL=http://api.test\nURL+=/items\ncurl $URL",
    "crlf": "curl http://api.test/items -H 'X-A: b' -H 'X-C: d'".replace(" -H 'X-C", " \\\n -H 'X-C"),
    # as documentation of APIs prints them
    "name alone, form, brackets": (
        "curl http://api.test/v1/charges \\\n  -u sk_test_4eC39: \\\n  -d amount=2000 \\\n"
        '  -d "metadata[order_id]"=6735'
    ),
    "get with brackets": 'curl -G http://api.test/v1/customers -u sk_test_1: -d limit=3 -d "created[gte]"=1700000000',
    "name with a slash": 'curl "http://api.test/tickets.json?start_time=1" \\\n  -v -u me@example.com/token:abc',
    "long options": (
        "curl --request GET \\\n  --url 'http://api.test/search?jql=project%20%3D%20HSP&maxResults=50' \\\n"
        "  --user 'email@example.com:tok' \\\n  --header 'Accept: application/json'"
    ),
    "plus signs": 'curl http://api.test/query/?q=SELECT+Name+FROM+Account -H "Authorization: Bearer 00D!AQ"',
    "query language": (
        "curl -G 'http://api.test/query?pretty=true' --data-urlencode \"db=mydb\" "
        '--data-urlencode "q=SELECT \\"value\\" FROM \\"cpu\\" WHERE \\"region\\"=\'us-west\'"'
    ),
    "sign-in": (
        "curl -X POST http://api.test/oauth/token -H 'Content-Type: application/x-www-form-urlencoded' "
        "-d 'grant_type=client_credentials&client_id=abc&client_secret=def&scope=read%20write'"
    ),
    "account from the environment": (
        'curl -X POST "http://api.test/x.json" --data-urlencode "Body=Hi there" --data-urlencode "From=+15017122661" '
        '-u "$ACCOUNT_ID:$API_TOKEN"'
    ),
    "from a browser": (
        "curl 'http://api.test/graphql' --compressed -X POST -H 'Content-Type: application/json' "
        r"""--data-raw $'{"query":"query {\\n  a(b: \'c\') { d }\\n}"}'"""
    ),
    "glued data": "curl -XGET http://api.test/_search -H 'Content-Type: application/json' -d'\n{\n  \"a\": {}\n}\n'",
    "json here-document": 'curl --json @- http://api.test/x <<EOF\n{"a": "$ACCOUNT_ID"}\nEOF',
    "plus in a form": "curl http://api.test/x -d 'q=a+b' -d 'r=%2B'",
    "last bytes": "curl -r -500 http://api.test/x",
    "semicolons": "curl 'http://api.test/x;v=1/y?a=1;b=2'",
    "dots": "curl http://api.test/a/../b",
    "token from the environment": 'curl --oauth2-bearer "$API_TOKEN" http://api.test/x',
    "json called a form": "curl -H 'Content-Type: application/x-www-form-urlencoded' -d '{\"a\":\"x\"}' http://api.test/x",
    "a word called a form": "curl -H 'Content-Type: application/x-www-form-urlencoded' -d hello http://api.test/x",
    "form that is not utf-8": "curl -d 'q=caf%E9&r=1' http://api.test/x",
    "query that is not utf-8": "curl 'http://api.test/x?a=1&q=caf%E9&r=&s=%C3%A9'",
    "secrets beside what is empty": (
        """curl http://api.test/x --json '{"password": "a\\"b 1", "token": "12", "otp": "", "none": null}'"""
    ),
    "secrets in a list": """curl http://api.test/x --json '[{"password": "a\\"b", "clientSecret": "c"}]'""",
    "secrets of a form beside what is empty": "curl http://api.test/x -d 'password=a%26b%2B%20c&otp='",
    "variable of a form beside what is empty": 'curl http://api.test/x -d "q=$ACCOUNT_ID&r="',
    "number that is a secret": """curl http://api.test/x --json '{"password": 12345678}'""",
    "repeated secrets": "curl 'http://api.test/x?token=a&token=b'",
    "cookies of a variable": """C='sid=1'; curl http://api.test/x -b "$C" """,
    "range in a query": "curl 'http://api.test/x?page=[1-1]&f=1'",
}
"""Commands that send the same with `curl` itself and as imported streams."""

MEANT = {
    "json without a type": ("curl -d '{\"a\": 1}' http://api.test/items", "application/json"),
    "graphql without a type": ('curl --data-raw \'{"query": "{me}"}\' http://api.test/graphql', "application/json"),
}
"""Commands whose data is JSON and that forget to say so: it is sent as what it is, and not as a form."""
