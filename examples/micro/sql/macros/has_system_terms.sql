-- has_system_terms: whether a text has a term of operating systems, networks, servers
-- or software architecture that means nothing else.
--
-- grain:  one boolean a text, null for null
-- inputs: text (what is asked, not the material under it)
-- params: none
-- source: vocabulary of operation and architecture; decided here
create or replace macro has_system_terms(text) as (
    regexp_matches(
        text,
        '(?i)\b(kubelet|pods? (and|in|is|to|that)|(a|the|two|each) pods?|helm charts?'
        || '|ingress|ansible|playbooks? (run|for|task|that installs)|terraform'
        || '|infrastructure as code|(blue[- ]green|canary|rolling|zero-downtime)'
        || ' (deployment|release|update)s?|rollback|shebang|exit codes?|globbing'
        || '|here[- ]doc(ument)?|(input|output|stderr|file) redirection'
        || '|pipe (the )?(output|a)|(linux|unix|bash) \w+|kernel (module|space|panic)'
        || '|user ?space|system calls?|file ?systems?|mount point|swap (space|memory)'
        || '|load average|oom killer|sig(kill|term|int|hup|chld)|run ?levels?|(hard'
        || '|soft|symbolic) links?|root (user|password|privileges)|dns (record|server'
        || '|resolution|lookup)s?|(cname|mx) records?|ssl certificates?|ip address(es)?'
        || '|subnet\w*|firewall rules?|nat gateway|network (interface|packet|protocol'
        || '|socket)s?|three-way handshake|osi model|(idempotent|stateless'
        || '|stateful) \w+|(tcp|udp)( |/)(connection|handshake|socket|port|packet|ip'
        || '|server|client)s?|(monolith(ic)?|hexagonal|layered|event[- ]driven'
        || '|client[- ]server|n-tier|clean|serverless|microservice) (architecture'
        || '|application|app|pattern)s?|cqrs|event sourcing|domain[- ]driven'
        || '|service[- ]oriented architecture|message (broker|bus)|distributed (system'
        || '|cache|lock|transaction|database)s?|(strong|eventual|data) consistency'
        || '|technical debt|refactoring|code reviews?|code reviewer|pair programming'
        || '|(open|closed)[- ]closed principle|law of demeter|yagni|anti-?patterns?'
        || '|god object|(null|singleton|factory|observer|proxy|facade|strategy|command'
        || '|state|visitor|mapper) (object )?pattern|active record|data mapper'
        || '|object[- ]relational|(tight|loose|low|high) (coupling|cohesion)|(vertical'
        || '|horizontal) scal\w+|throughput and latency|high availability|failover'
        || '|replica(tion)? (set|lag|factor)s?|master[- ]slave|read replicas?'
        || '|in-memory (cache|database|store)|key[- ]value stores?|(relational|document'
        || '|graph|nosql|vector|sql) (database|db|store)s?|rdbms|dbms|database'
        || ' (normalization|transaction|server|engine|administrator|backup)s?|ddl|dml'
        || '|stored functions?|full table scan|clustered index|materialized views?'
        || '|data warehouse|etl|data pipelines?|(static|dynamic) (code )?analysis'
        || '|static typ\w+|strong(ly)? typ\w+|weak(ly)? typ\w+|duck typing'
        || '|reflection api|annotation processing|(class|module)[- ]loader'
        || '|dynamic dispatch|virtual (machine|table|method)s?|interpreter lock|repl'
        || '|lisp|functional (language|programming|paradigm)|imperative (language'
        || '|programming)|side effects? (in|of) (a|the|pure) function|referential'
        || ' transparency|pure functions?|monads?|lazy evaluation|pattern matching'
        || '|first[- ]class functions?|lambda calculus|tail[- ]call|stack trace'
        || '|threads? and process(es)?|process(es)? and threads?|(multi'
        || '|single)[- ]?(threading|threaded|core processor|processing)'
        || '|context switch\w*|(thread|race|lock)[- ](safety|free|contention)'
        || '|spin ?lock|critical sections?|virtual memory|page (fault|table)s?|paging'
        || '|segmentation fault|heap memory|memory (leak|footprint|usage of)'
        || '|garbage collection (works?|algorithms?|pauses?|in (java|go|python|c#|\.net'
        || '|javascript|a language))|(mark[- ]and[- ]sweep|reference counting))\b'
    )
)
