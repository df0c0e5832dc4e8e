//! Deploying, activating, constructing and caching.

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, B256, Bytes, U256, hex};
use alloy::providers::Provider;
use alloy::rpc::types::TransactionRequest;
use eyre::{OptionExt, Result};
use gimbal_e2e::blank::{DEV_ACCOUNT, DEV_KEY, SUPPLY, Token, wasm_file};
use gimbal_e2e::tool::Tool;

use super::{ARGUMENTS, Author, address};

#[tokio::test(flavor = "multi_thread")]
async fn deploy_creates_and_activates_a_file() -> Result<()> {
    let author = Author::new().await?;
    let estimate = author.signed(&[
        "deploy",
        "--no-verify",
        "--estimate-gas",
        "--wasm-file",
        &wasm_file("example").display().to_string(),
    ]);
    author.done(&author.tool, &estimate).await?;
    assert_eq!(
        author.chain.client.get_block_number().await?,
        0,
        "an estimate sends nothing"
    );

    let program = author.deploy_file(&[]).await?;
    assert!(author.version(program).await? > 0);
    let token = Token::new(program, author.chain.client.clone());
    assert_eq!(
        token.totalSupply().call().await?,
        U256::ZERO,
        "no constructor ran"
    );

    // The same code is active already: the second deployment pays no data fee and sends one transaction.
    let before = author.chain.client.get_block_number().await?;
    let second = author.deploy_file(&[]).await?;
    assert_ne!(second, program);
    assert_eq!(author.chain.client.get_block_number().await?, before + 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_activated_and_cached_in_steps_of_their_own() -> Result<()> {
    let author = Author::new().await?;
    let program = author.deploy_file(&["--no-activate"]).await?;
    assert!(author.version(program).await.is_err(), "not active yet");
    let at = program.to_string();
    let activate = author.signed(&["activate", "--address", &at]);
    let printed = author.done(&author.tool, &activate).await?;
    assert!(
        printed.contains("successfully activated contract"),
        "{printed}"
    );
    assert!(author.version(program).await? > 0);

    let bid = author
        .done(
            &author.tool,
            &author.arguments(&["cache", "suggest-bid", &at]),
        )
        .await?;
    assert!(bid.contains("Minimum bid for contract"), "{bid}");
    let status = author.arguments(&["cache", "status", "--address", &at]);
    let printed = author.done(&author.tool, &status).await?;
    assert!(printed.contains("is not yet cached"), "{printed}");
    author
        .done(&author.tool, &author.signed(&["cache", "bid", &at, "0"]))
        .await?;
    let printed = author.done(&author.tool, &status).await?;
    assert!(printed.contains("is cached"), "{printed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_runs_a_payable_constructor_through_the_deployer() -> Result<()> {
    let author = Author::new().await?;
    let program = author
        .deploy_project(&["--constructor-value", "0.5"])
        .await?;
    let client = &author.chain.client;
    let token = Token::new(program, client.clone());
    assert_eq!(token.name().call().await?, "Token");
    assert_eq!(token.issuer().call().await?, DEV_ACCOUNT);
    assert_eq!(
        token.balanceOf(DEV_ACCOUNT).call().await?,
        U256::from(SUPPLY)
    );
    assert_eq!(
        client.get_balance(program).await?,
        U256::from(500_000_000_000_000_000u64)
    );

    let salt = B256::with_last_byte(1).to_string();
    let second = author.deploy_project(&["--deployer-salt", &salt]).await?;
    assert_ne!(second, program);
    assert_eq!(
        Token::new(second, client.clone())
            .totalSupply()
            .call()
            .await?,
        U256::from(SUPPLY)
    );

    // The constructor's own refusal: nobody as the issuer.
    let salt = B256::with_last_byte(2).to_string();
    let mut nobody = author.signed(&["deploy", "--no-verify", "--deployer-salt", &salt]);
    nobody.extend(ARGUMENTS[..4].iter().map(ToString::to_string));
    nobody.push(Address::ZERO.to_string());
    let complaint = author.in_project().refused(&nobody).await?;
    let error = hex::encode(<Token::ERC20InvalidReceiver as alloy::sol_types::SolError>::SELECTOR);
    assert!(complaint.contains(&error), "{complaint}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn deploy_signs_with_a_keystore() -> Result<()> {
    let author = Author::new().await?;
    let cast = Tool::foundry("cast", author.chain.directory())?;
    let import = "wallet import dev --keystore-dir . --unsafe-password password --private-key";
    let mut import: Vec<&str> = import.split(' ').collect();
    import.push(DEV_KEY);
    cast.done(&import).await?;
    author.chain.file("password.txt", "password")?;
    let file = wasm_file("example").display().to_string();
    let deploy = author.arguments(&[
        "deploy",
        "--no-verify",
        "--wasm-file",
        &file,
        "--keystore-path",
        "dev",
        "--keystore-password-path",
        "password.txt",
    ]);
    let program = address(&author.done(&author.tool, &deploy).await?)?;
    assert!(author.version(program).await? > 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn init_code_and_interface_of_the_project_are_those_of_the_deployed_program() -> Result<()> {
    let author = Author::new().await?;
    author
        .done(
            &author.in_project(),
            &[
                "get-initcode".into(),
                "--output".into(),
                author
                    .chain
                    .directory()
                    .join("init.hex")
                    .display()
                    .to_string(),
            ],
        )
        .await?;
    let init = std::fs::read_to_string(author.chain.directory().join("init.hex"))?;
    let init: Bytes = hex::decode(init.trim())?.into();
    let request = TransactionRequest::default().with_deploy_code(init);
    let receipt = author
        .chain
        .client
        .send_transaction(request)
        .await?
        .get_receipt()
        .await?;
    let created = receipt.contract_address.ok_or_eyre("no contract")?;
    let deployed = author.deploy_project(&[]).await?;
    let client = &author.chain.client;
    assert_eq!(
        client.get_code_at(created).await?,
        client.get_code_at(deployed).await?
    );

    let interface = author.in_project().done(&["export-abi"]).await?;
    for function in [
        "function transferAndCall(",
        "function assertHolds(",
        "error TextTooLong(",
    ] {
        assert!(interface.contains(function), "{interface}");
    }
    let constructor = author.in_project().done(&["constructor"]).await?;
    assert!(
        constructor.contains(
            "constructor(string calldata name, string calldata symbol, uint256 supply, address issuer) payable"
        ),
        "{constructor}"
    );
    Ok(())
}
