//! The mocks do what their bindings say: a test that relies on a misbehaviour must not pass for want of it.

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, I256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::{SolCall, SolError, SolValue};
use eyre::{Result, ensure};
use gimbal_abi::chainlink::IAggregatorV3;
use gimbal_abi::token::IERC20;
use gimbal_scripts::artifact::Artifacts;
use gimbal_scripts::chain::{Chain, dev_account};
use gimbal_scripts::market::mocks::{
    HostileToken, MockFeed, MockSequencerFeed, MockToken, Reentrant,
};
use stylus_devnode::{Config, Node};

const HELD: u64 = 1_000;

struct Bench {
    _node: Node,
    chain: Chain,
}

impl Bench {
    async fn open() -> Result<Self> {
        let node = stylus_devnode::spawn(Config::default()).await?;
        let chain = Chain::connect(&node.url()).await?;
        Ok(Self { _node: node, chain })
    }

    async fn create(&self, file: &str, contract: &str, arguments: &[u8]) -> Result<Address> {
        let code = Artifacts::default().mock(file, contract)?;
        self.chain.deploy(&dev_account()?, code, arguments).await
    }

    async fn token(&self) -> Result<Address> {
        let arguments = ("T", "T", U256::from(6)).abi_encode_params();
        let token = self
            .create("HostileToken", "HostileToken", &arguments)
            .await?;
        let to = dev_account()?.address();
        self.send(
            token,
            MockToken::mintCall {
                to,
                value: U256::from(HELD),
            },
        )
        .await?;
        Ok(token)
    }

    async fn send<C: SolCall>(&self, to: Address, call: C) -> Result<()> {
        self.chain.send(&dev_account()?, to, &call).await.map(drop)
    }

    async fn transfer(&self, token: Address) -> Result<U256> {
        let to = Address::repeat_byte(9);
        let before = self.chain.balance(token, to).await?;
        self.send(
            token,
            IERC20::transferCall {
                to,
                value: U256::from(100),
            },
        )
        .await?;
        Ok(self.chain.balance(token, to).await? - before)
    }

    /// What a transfer answers, byte for byte, without sending it.
    async fn answer(&self, token: Address) -> Result<Vec<u8>, Vec<u8>> {
        let call = IERC20::transferCall {
            to: Address::repeat_byte(9),
            value: U256::from(100),
        };
        self.raw(token, call.abi_encode()).await
    }

    async fn raw(&self, to: Address, input: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        let from = dev_account().map_err(|_| Vec::new())?.address();
        let request = TransactionRequest::default()
            .with_from(from)
            .with_to(to)
            .with_input(input);
        let answer = self
            .chain
            .provider()
            .call(request.with_gas_limit(3_000_000))
            .await;
        answer.map(|bytes| bytes.to_vec()).map_err(|error| {
            let data = error
                .as_error_resp()
                .and_then(|response| response.as_revert_data());
            data.unwrap_or_default().to_vec()
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_misbehaves_as_told() -> Result<()> {
    let bench = Bench::open().await?;
    let token = bench.token().await?;
    let turn = async |behaviour| {
        bench
            .send(token, HostileToken::setBehaviourCall { behaviour })
            .await
    };
    ensure!(
        bench.transfer(token).await? == U256::from(100),
        "a plain transfer moves its amount"
    );

    turn(1).await?;
    ensure!(
        bench.answer(token).await == Ok(U256::ZERO.to_be_bytes_vec()),
        "returns false"
    );
    turn(2).await?;
    ensure!(
        bench.answer(token).await == Ok(U256::ONE.to_be_bytes_vec()),
        "claims success"
    );
    ensure!(bench.transfer(token).await? == U256::ZERO, "moves nothing");
    turn(3).await?;
    ensure!(
        bench.answer(token).await == Ok(Vec::new()),
        "returns no data"
    );
    ensure!(
        bench.transfer(token).await? == U256::from(100),
        "moves all the same"
    );
    turn(4).await?;
    ensure!(
        bench.answer(token).await == Err(HostileToken::Refused {}.abi_encode()),
        "reverts by name"
    );
    turn(5).await?;
    ensure!(
        bench.answer(token).await == Err(Vec::new()),
        "reverts without data"
    );
    turn(6).await?;
    ensure!(bench.answer(token).await.is_err(), "burns its gas");
    turn(7).await?;
    ensure!(
        bench
            .answer(token)
            .await
            .is_ok_and(|data| data.len() == 100_000),
        "returns a bomb"
    );
    turn(8).await?;
    ensure!(
        bench
            .answer(token)
            .await
            .is_err_and(|data| data.len() == 100_000),
        "reverts with a bomb"
    );
    turn(0).await?;

    bench
        .send(
            token,
            HostileToken::setFeeCall {
                bps: U256::from(100),
            },
        )
        .await?;
    ensure!(
        bench.transfer(token).await? == U256::from(99),
        "takes its fee on the way"
    );
    let account = Address::repeat_byte(9);
    bench
        .send(
            token,
            HostileToken::setBlockedCall {
                account,
                blocked: true,
            },
        )
        .await?;
    ensure!(
        bench.answer(token).await == Err(HostileToken::Blocked { account }.abi_encode()),
        "blocks the receiver"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_armed_token_calls_back_once_per_transfer_and_records_the_end() -> Result<()> {
    let bench = Bench::open().await?;
    let (token, other) = (bench.token().await?, bench.token().await?);
    let fine = MockToken::mintCall {
        to: token,
        value: U256::from(7),
    }
    .abi_encode();
    let refused = IERC20::transferCall {
        to: token,
        value: U256::MAX,
    }
    .abi_encode();
    // A transfer of the token itself, from inside its own transfer, does not fire again.
    let own = IERC20::transferCall {
        to: token,
        value: U256::ZERO,
    }
    .abi_encode();
    for (target, data) in [(other, fine), (other, refused), (token, own)] {
        bench
            .send(
                token,
                Reentrant::armCall {
                    target,
                    data: data.into(),
                },
            )
            .await?;
    }
    bench.transfer(token).await?;
    ensure!(
        bench.chain.balance(other, token).await? == U256::from(7),
        "the call went through"
    );
    ensure!(
        bench
            .chain
            .read(token, &Reentrant::outcomeCountCall {})
            .await?
            == U256::from(3)
    );
    let mut ended = Vec::new();
    for i in 0..3 {
        ended.push(
            bench
                .chain
                .read(token, &Reentrant::outcomeCall { i: U256::from(i) })
                .await?,
        );
    }
    ensure!(
        ended[0].ok && !ended[1].ok && ended[2].ok,
        "outcomes in order"
    );
    ensure!(!ended[1].data.is_empty(), "with their revert data");
    bench.send(token, Reentrant::disarmCall {}).await?;
    bench.transfer(token).await?;
    ensure!(
        bench
            .chain
            .read(token, &Reentrant::outcomeCountCall {})
            .await?
            == U256::ZERO,
        "disarmed"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_answers_as_told() -> Result<()> {
    let bench = Bench::open().await?;
    let arguments = (U256::from(8), I256::ONE).abi_encode_params();
    let feed = bench.create("MockFeed", "MockFeed", &arguments).await?;
    let latest = async || {
        bench
            .chain
            .read(feed, &IAggregatorV3::latestRoundDataCall {})
            .await
    };
    ensure!(latest().await?.answer == I256::ONE);
    ensure!(
        bench
            .chain
            .read(feed, &IAggregatorV3::decimalsCall {})
            .await?
            == 8
    );

    let answer = I256::MINUS_ONE;
    bench
        .send(
            feed,
            MockFeed::setAtCall {
                answer,
                updatedAt: U256::from(7),
            },
        )
        .await?;
    let round = latest().await?;
    ensure!(
        round.answer == answer && round.updatedAt == U256::from(7),
        "any answer, as of any time"
    );
    bench.send(feed, MockFeed::refreshCall {}).await?;
    ensure!(
        latest().await?.updatedAt > U256::from(7) && latest().await?.answer == answer,
        "the same again, fresh"
    );

    let raw = async |mode| {
        bench.send(feed, MockFeed::setModeCall { mode }).await?;
        eyre::Ok(
            bench
                .raw(feed, IAggregatorV3::latestRoundDataCall {}.abi_encode())
                .await,
        )
    };
    ensure!(
        raw(0).await?.is_ok_and(|data| data.len() == 160),
        "five words"
    );
    ensure!(
        raw(1).await?.is_err_and(|data| data.len() == 4),
        "an error by name"
    );
    ensure!(raw(2).await? == Ok(Vec::new()), "nothing");
    ensure!(
        raw(3).await?.is_ok_and(|data| data.len() == 64),
        "two words"
    );
    ensure!(raw(4).await? == Err(Vec::new()), "all gas burnt");
    ensure!(
        raw(5)
            .await?
            .is_ok_and(|data| data.len() == 160 && data[..32] == [0xff; 32]),
        "a round wider than 80 bits"
    );
    ensure!(
        raw(6).await?.is_ok_and(|data| data.len() == 100_000),
        "a bomb"
    );

    let since = U256::from(5);
    let sequencer = bench
        .create("MockFeed", "MockSequencerFeed", &since.abi_encode())
        .await?;
    let status = async || {
        bench
            .chain
            .read(sequencer, &IAggregatorV3::latestRoundDataCall {})
            .await
    };
    ensure!(
        status().await?.answer == I256::ZERO && status().await?.startedAt == since,
        "up since then"
    );
    bench
        .send(
            sequencer,
            MockSequencerFeed::setStatusCall {
                down: I256::ONE,
                since: U256::from(9),
            },
        )
        .await?;
    ensure!(
        status().await?.answer == I256::ONE && status().await?.startedAt == U256::from(9),
        "down since then"
    );
    Ok(())
}
