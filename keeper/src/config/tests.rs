use super::*;

const EXAMPLE: &str = include_str!("../../gimbal.example.toml");

fn parse(text: &str) -> Result<Config, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn the_example_is_a_configuration() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.chain_id, Some(42_161));
    assert_eq!(config.assets.len(), 2);
    assert_eq!(config.index_of("WETH").unwrap(), 1);
    assert_eq!(
        config.policy(),
        Policy {
            slippage_bps: 50,
            deadline_s: 60
        }
    );
    let weth = config.assets[1].spec();
    assert_eq!(weth.engine.heartbeat, 90_000);
    assert_eq!(weth.engine.target, 500_000_000_000_000_000);
    assert_eq!(weth.engine.band, 200);
    assert_eq!(weth.quota_bps, None);
    assert_eq!(config.assets[0].spec().quota_bps, Some(2_500));
    assert_eq!(config.assets[0].spec().engine.pool, Address::ZERO);
}

/// The example says "these are the defaults": it must not lie.
#[test]
fn the_example_shows_the_defaults() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.engine.unwrap().limits, LimitsSection::default());
    assert_eq!(config.keeper, KeeperSection::default());
}

#[test]
fn a_keeper_needs_no_description_of_the_system() {
    let config =
        parse("[addresses]\nvault = \"0x1111111111111111111111111111111111111111\"").unwrap();
    assert_eq!(
        config.addresses.unwrap().vault,
        Some(Address::repeat_byte(0x11))
    );
    assert_eq!(config.keeper, KeeperSection::default());
}

#[test]
fn mistakes_are_named_with_their_place() {
    let typo = EXAMPLE.replace(
        "heartbeat = \"25h\"                    #",
        "heartbeet = \"25h\" #",
    );
    let error = parse(&typo).unwrap_err();
    assert!(
        error.contains("heartbeet") && error.contains("line"),
        "{error}"
    );

    let bare = EXAMPLE.replace("band = \"200bps\"", "band = 200");
    assert!(parse(&bare).unwrap_err().contains("band"));

    let unitless = EXAMPLE.replace("slippage = \"50bps\"", "slippage = \"50\"");
    assert!(parse(&unitless).unwrap_err().contains("200bps"));

    let missing = EXAMPLE.replace(
        "feed = \"0x639Fe6ab55C921f74e7fac1ee960C0B6293ba612\"\n",
        "",
    );
    assert!(parse(&missing).unwrap_err().contains("feed"));
}

#[test]
fn what_the_parser_refuses_is_never_quoted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        Config::read(file.path()).unwrap_err().to_string()
    };
    for (text, place) in [
        (
            "\nprivate_key = \"0xSECRET\"",
            "line 2, column 1 (private_key): ",
        ),
        (
            "rpc_url = https://node/v2/SECRET",
            "line 1, column 11 (rpc_url): ",
        ),
        ("chain_id = 1\nrpc_url = \"https://node/SECRET", "line 2, "),
        ("[keeper]\nprivate_key = 0xSECRET", "line 2, "),
        ("[keeper]\n é = \"SECRET\"", "line 2, column 2: "),
        (
            "chain_id = \"SECRET\"",
            "line 1, column 12 (chain_id): invalid type, expected u64",
        ),
        (
            "addresses = \"a, expected SECRET\"",
            "(addresses): invalid type, expected struct",
        ),
        (
            "[keeper]\npoll = \"SECRET\"",
            "line 2, column 8 (poll): not a duration; write",
        ),
        (
            "[keeper]\nslippage = \"SECRET\"",
            "(slippage): not a fraction; write",
        ),
        (
            "[keeper]\nslippage = \"SECRET%\"",
            "(slippage): not a decimal number",
        ),
        (
            "[keeper]\nbase_fee_max = \"SECRET\"",
            "(base_fee_max): not a gas price",
        ),
        (
            "[addresses]\nvault = \"SECRET\"",
            "line 2, column 9 (vault): ",
        ),
        (
            "[addresses]\nvault = \"0xSECRET\"",
            "line 2, column 9 (vault): ",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(place), "{error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn a_loop_without_a_pause_is_refused() {
    for key in ["poll", "backoff_max"] {
        let pace = |value: &str| {
            let text = format!("[keeper]\n{key} = \"{value}\"");
            parse(&text).unwrap().pace()
        };
        pace("1s").unwrap();
        let error = pace("0s").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("keeper.{key} must be at least 1s")
        );
    }
}

fn example_spec() -> SystemSpec {
    let config = parse(EXAMPLE).unwrap();
    SystemSpec {
        name: "Gimbal Four".into(),
        symbol: "GMBL4".into(),
        guardian: Address::repeat_byte(1),
        keepers: vec![],
        sequencer_feed: Address::repeat_byte(2),
        factory: Address::repeat_byte(3),
        reference: 0,
        assets: config.assets.iter().map(AssetSection::spec).collect(),
        limits: LimitsSection::default().limits(),
        genesis: None,
    }
}

#[test]
fn a_system_that_cannot_work_is_refused_before_it_is_paid_for() {
    example_spec().check().unwrap();
    let refused = |change: fn(&mut SystemSpec)| {
        let mut spec = example_spec();
        change(&mut spec);
        spec.check().unwrap_err().to_string()
    };
    assert!(refused(|spec| spec.assets[1].engine.target -= 1).contains("sum to"));
    assert!(refused(|spec| spec.reference = 1).contains("has no pool"));
    assert!(refused(|spec| spec.reference = 2).contains("not in the basket"));
    assert!(refused(|spec| spec.assets.truncate(1)).contains("1 assets"));
    assert!(
        refused(|spec| spec.assets[1].engine.token = spec.assets[0].engine.token).contains("twice")
    );
    assert!(refused(|spec| spec.assets[1].engine.priceMin = u128::MAX).contains("price_min"));
    assert!(refused(|spec| spec.name = "n".repeat(32)).contains("32 bytes"));
    assert!(
        refused(|spec| spec.genesis = Some(GenesisSpec {
            amounts: vec![U256::ONE],
            shares: U256::ONE
        }))
        .contains("1 amounts")
    );
}
