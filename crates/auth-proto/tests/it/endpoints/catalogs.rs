//! The catalogs of the rows.
//!
//! A catalog has one endpoint a line, `type interface region url`, in the server's order; the test
//! turns it into the form of either API version. `-` leaves a field out. Odd catalogs are JSON.

pub(crate) const CATALOGS: &[(&str, &str)] = &[
    // Two regions, three interfaces, more than one service.
    (
        "usual",
        "compute internal R1 https://compute-i1.example
         compute public R1 https://compute-p1.example/v2.1
         compute public R2 https://compute-p2.example/v2.1
         compute admin R2 https://compute-a2.example/v2.1
         compute public R2 https://compute-p2-again.example
         image public R1 https://image-p1.example
         image internal R2 https://image-i2.example
         identity public R1 https://identity-p1.example/v3",
    ),
    // The identity service, with and without a version.
    (
        "identities",
        "identity public R1 https://bare.example
         identity internal R1 https://slash.example/
         identity admin R1 https://admin.example:35357/v2.0
         identity public R2 https://path.example/identity
         identity internal R2 https://path-slash.example/identity/
         identity admin R2 https://twice.example/id/v3//
         identity public R3 https://v3.example/v3
         identity internal R3 https://v3
         identity admin R3 https://minor.example/v3.14/
         key-manager public R1 https://bare.example
         key-manager internal R1 https://other.example/v2.0",
    ),
    (
        "odd-identities",
        "identity public R1 https://
         identity internal R1 https://h.example/%(tenant_id)s
         identity admin R1 https://h.example?v=3",
    ),
    (
        "interface-matters",
        "compute internal KR1 https://inside.example
         compute public KR2 https://outside.example",
    ),
    ("empty", ""),
    ("absent", "absent"),
    // Region * and no region (Obtaining a User Token, Huawei Cloud: `"region": "*"`).
    (
        "wildcards",
        "everywhere public * https://everywhere.example
         everywhere public R2 https://everywhere-r2.example
         nowhere public null https://nowhere.example
         nowhere public R2 https://nowhere-r2.example
         star-first public * https://star.example
         star-first public null https://null.example
         null-first public null https://null.example
         null-first public * https://star.example
         nameless public - https://nameless.example
         mixed internal R1 https://mixed-i1.example
         mixed public * https://mixed-all.example",
    ),
    // Several entries of one type.
    (
        "twice",
        r#"[{"type": "dns", "name": "one", "endpoints": [
             {"id": "1", "interface": "public", "region": "R1", "region_id": "R1", "url": "https://dns-1.example"}]},
            {"type": "dns", "name": "two", "endpoints": [
             {"id": "2", "interface": "public", "region": "R2", "region_id": "R2", "url": "https://dns-2.example"},
             {"id": "3", "interface": "public", "region": "R1", "region_id": "R1", "url": "https://dns-3.example"}]}]"#,
    ),
    // The generations of block storage. Keystone lists them in no particular order.
    (
        "volumes",
        "volume public R1 https://volume.example/v1
         volumev2 public R1 https://volume.example/v2
         volumev3 public R1 https://volume.example/v3
         volumev2 public R2 https://volume-2.example/v2
         volumev3 public R3 https://volume-3.example/v3
         volume internal R1 https://volume-i.example/v1",
    ),
    (
        "official",
        "volumev3 public R1 https://alias.example/v3
         block-storage public R1 https://official.example/v3
         sharev2 public R1 https://share.example/v2
         container-infra public R1 https://magnum.example
         messaging public R1 https://zaqar.example",
    ),
    ("v2-only", "volumev2 public R1 https://volume.example/v2"),
    // Fields that are missing, null, or of another type.
    (
        "odd",
        r#"[{"endpoints": [{"interface": "public", "url": "https://typeless.example"}]},
            {"type": null, "endpoints": []},
            {"type": "", "endpoints": [{"interface": "public", "url": "https://blank.example"}]},
            {"type": "bare", "endpoints": [{"interface": "public", "url": "https://bare.example"}]},
            {"type": "null-name", "name": null, "id": null, "endpoints": [
             {"interface": "public", "region": null, "region_id": null, "url": "https://null-name.example"}]},
            {"type": "no-url", "endpoints": [
             {"interface": "public", "region": "R1"}, {"interface": "public", "region": "R1", "url": null},
             {"interface": "public", "region": "R1", "url": ""},
             {"interface": "public", "region": "R1", "url": "https://fourth.example"}]},
            {"type": "no-interface", "endpoints": [{"region": "R1", "url": "https://nobody.example"}]},
            {"type": "hollow", "endpoints": []},
            {"type": "null-endpoints", "endpoints": null},
            {"type": "no-endpoints"},
            {"type": "text-endpoints", "endpoints": "none"},
            {"type": "one", "endpoints": {"interface": "public", "url": "https://one.example"}},
            {"type": "foreign", "endpoints": [7, null, "x", [], {"interface": "public", "url": "https://foreign.example"}]},
            {"type": "by-id", "endpoints": [{"interface": "public", "region_id": "R1", "url": "https://by-id.example"}]},
            {"type": "by-name", "endpoints": [{"interface": "public", "region": "R1", "url": "https://by-name.example"}]},
            {"type": "both", "endpoints": [
             {"interface": "public", "region": "name", "region_id": "R1", "url": "https://both.example"}]},
            {"type": "old-words", "endpoints": [
             {"interface": "publicURL", "region": "R1", "url": "https://old-words.example"}]},
            {"type": "other-words", "endpoints": [
             {"interface": "backup", "region": "R1", "url": "https://other-words.example"}]},
            7, null, []]"#,
    ),
    ("one-service", r#"{"type": "compute", "endpoints": [{"interface": "public", "url": "https://single.example"}]}"#),
    (
        "v2-odd",
        r#"[{"type": "compute", "endpoints": [{"publicURL": "https://regionless.example"}], "endpoints_links": []},
            {"type": "image", "endpoints": [{"region": "R1", "internalURL": "https://inside.example"}]},
            {"type": "volume", "endpoints": {"region": "R1", "publicURL": "https://one.example", "adminURL": null}},
            {"type": "network", "endpoints": [{"region": "R1", "publicURL": ""},
             {"region": "R1", "publicURL": "https://second.example", "internalURL": ""}]}]"#,
    ),
    // Hosts that a token must not go to.
    (
        "traps",
        "plain public R1 http://service.example
         own-host-plain public R1 http://keystone.example:8774
         own-host-port public R1 https://keystone.example:8774
         private public R1 https://10.0.0.7:8774
         private-plain public R1 http://10.0.0.7:8774
         loopback public R1 https://127.0.0.1:8774
         loopback-name public R1 https://localhost:8774
         loopback-plain public R1 http://127.0.0.1:8774
         other-loopback public R1 http://127.0.0.2:8774
         link-local public R1 https://169.254.169.254/latest
         link-local-6 public R1 https://[fe80::1]/
         metadata public R1 https://metadata.google.internal/
         number public R1 https://2130706433/
         hex public R1 https://0x7f.1/
         mapped public R1 https://[::ffff:127.0.0.1]/
         user-info public R1 https://user:secret@service.example
         lookalike public R1 https://keystone.example@evil.example/
         no-scheme public R1 service.example/v2
         bad-port public R1 https://service.example:99999/
         file public R1 file:///etc/passwd
         template public R1 https://service.example/v1/%(project_id)s
         dollar public R1 https://service.example/v1/$(tenant_id)s
         brace public R1 https://service.example/v1/{project_id}
         trap-first public R1 http://service.example
         trap-first internal R1 https://inside.example",
    ),
    // IaaS Token, NHN Cloud, shortened; the token of the object storage has the one entry below.
    (
        "nhn",
        "compute public KR2 https://kr2-api-instance-infrastructure.nhncloudservice.com/v2/p1
         compute public KR1 https://kr1-api-instance-infrastructure.nhncloudservice.com/v2/p1
         identity public KR1 https://api-identity-infrastructure.nhncloudservice.com/v2.0
         volumev2 public KR1 https://kr1-api-block-storage-infrastructure.nhncloudservice.com/v2/p1",
    ),
    ("nhn-swift", "object-store public KR1 https://kr1-api-object-storage.nhncloudservice.com/v1/AUTH_p1"),
    // Obtaining a User Token, Huawei Cloud, second example.
    (
        "huawei",
        "iam public * https://iam.myhuaweicloud.com/v3.0
         bssv1 public * https://bss.myhuaweicloud.com/v1.0
         ecs public cn-north-1 https://ecs.cn-north-1.myhuaweicloud.com/v2/p1",
    ),
    // The public services of Open Telekom Cloud, shortened.
    (
        "otc",
        "object public eu-de https://obs.eu-de.otc.t-systems.com
         volumev2 public eu-de https://evs.eu-de.otc.t-systems.com/v2/p1
         volumev3 public eu-de https://evs.eu-de.otc.t-systems.com/v3/p1
         identity public null https://iam.eu-de.otc.t-systems.com/v3
         ccev2.0 public eu-de https://cce.eu-de.otc.t-systems.com/api/v3/projects/p1",
    ),
    // The catalog of a stock Keystone, as many guides print it.
    (
        "stock",
        "identity public RegionOne https://stock.example/identity
         compute public RegionOne https://stock.example/compute/v2.1
         volumev3 public RegionOne https://stock.example/volume/v3/p1
         image public RegionOne https://stock.example/image
         placement public RegionOne https://stock.example/placement
         network public RegionOne https://stock.example:9696/networking
         object-store public RegionOne https://stock.example:8080/v1/AUTH_p1
         dns public RegionOne https://stock.example/dns
         key-manager public RegionOne https://stock.example/key-manager
         load-balancer public RegionOne https://stock.example/load-balancer",
    ),
    (
        "vendor",
        "nasv1 public KR1 https://nas.example
         bssv1 public * https://bss.example/v1.0",
    ),
    (
        "null-region",
        r#"[{"type": "compute", "name": "nova", "endpoints": [
             {"id": "1", "interface": "public", "region": null, "region_id": null, "url": "https://null.example"}]},
            {"type": "image", "name": "glance", "endpoints": [
             {"id": "2", "interface": "public", "url": "https://none.example"}]}]"#,
    ),
    (
        "empty-url",
        r#"[{"type": "event", "name": "panko", "id": "s", "endpoints": [
             {"id": "1", "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": ""}]},
            {"type": "compute", "name": "nova", "id": "t", "endpoints": [
             {"id": "2", "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": "https://compute.example"}]}]"#,
    ),
];
