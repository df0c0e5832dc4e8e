// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

interface ArbOwnerPublic {
    function isChainOwner(address account) external view returns (bool);
    function getNetworkFeeAccount() external view returns (address);
}

interface ArbWasm {
    function codehashAsmSize(bytes32 codehash) external view returns (uint32);
}

interface ArbWasmCache {
    function cacheProgram(address program) external;
    function evictCodehash(bytes32 codehash) external;
    function codehashIsCached(bytes32 codehash) external view returns (bool);
}

/// An auction for places in the program cache: those who bid least go first.
///
/// It answers to the interface of Arbitrum's own CacheManager, of which it shares no code. A bid is worth what
/// was paid plus `decay` wei for every second before it was made, counted from 1970, so that old bids lose to new
/// ones. Entries lie in no order: looking for the least takes gas in proportion to their number.
contract CacheManager {
    ArbOwnerPublic private constant OWNERS = ArbOwnerPublic(address(0x6b));
    ArbWasm private constant WASM = ArbWasm(address(0x71));
    ArbWasmCache private constant CACHE = ArbWasmCache(address(0x72));

    /// {byte} The least that a program counts as.
    uint64 private constant SIZE_MIN = 4096;
    /// {byte} The most that `makeSpace` frees.
    uint64 private constant SPACE_MAX = 5 * 1024 * 1024;

    /// A program in the cache.
    struct Entry {
        bytes32 code;
        uint64 size;
        uint192 bid;
    }

    // The first four lie in slot 0, which genesis fills.
    /// {byte} How much native code may be cached.
    uint64 public cacheSize;
    /// {byte} How much is cached.
    uint64 public queueSize;
    /// {wei/s} How fast bids lose value.
    uint64 public decay;
    bool public isPaused;
    Entry[] public entries;

    error NotChainOwner(address sender);
    error AsmTooLarge(uint256 asm, uint256 queueSize, uint256 cacheSize);
    error AlreadyCached(bytes32 codehash);
    error BidTooLarge(uint256 bid);
    error BidTooSmall(uint192 bid, uint192 min);
    error BidsArePaused();
    error MakeSpaceTooLarge(uint64 size, uint64 limit);

    event InsertBid(bytes32 indexed codehash, address program, uint192 bid, uint64 size);
    event DeleteBid(bytes32 indexed codehash, uint192 bid, uint64 size);
    event SetCacheSize(uint64 size);
    event SetDecayRate(uint64 decay);
    event Pause();
    event Unpause();

    modifier onlyOwner() {
        if (!OWNERS.isChainOwner(msg.sender)) revert NotChainOwner(msg.sender);
        _;
    }

    /// Puts an active program into the cache for the value of the call, in place of those that bid least.
    function placeBid(address program) external payable {
        if (isPaused) revert BidsArePaused();
        bytes32 code = program.codehash;
        if (CACHE.codehashIsCached(code)) revert AlreadyCached(code);
        // An owner may have evicted it past this contract.
        _forget(code);
        uint64 size = _sizeOf(code);
        uint192 bid = _evictFor(size);
        entries.push(Entry(code, size, bid));
        queueSize += size;
        CACHE.cacheProgram(program);
        emit InsertBid(code, program, bid, size);
    }

    /// Frees space as a bid for it would, and takes none of it. Returns how much is free.
    function makeSpace(uint64 size) external payable returns (uint64 space) {
        if (isPaused) revert BidsArePaused();
        if (size > SPACE_MAX) revert MakeSpaceTooLarge(size, SPACE_MAX);
        _evictFor(size);
        return cacheSize - queueSize;
    }

    /// {wei} The least bid that makes room for so many bytes now.
    function getMinBid(uint64 size) public view returns (uint192 min) {
        (, uint192 highest) = _victims(size);
        return _paid(highest);
    }

    /// {wei} The least bid that caches the program now.
    function getMinBid(address program) external view returns (uint192 min) {
        return getMinBid(_sizeOf(program.codehash));
    }

    function getEntries() external view returns (Entry[] memory) {
        return entries;
    }

    /// The `count` entries that would go first, in that order; all if there are not so many.
    function getSmallestEntries(uint256 count) external view returns (Entry[] memory smallest) {
        Entry[] memory all = entries;
        smallest = new Entry[](count < all.length ? count : all.length);
        for (uint256 i = 0; i < smallest.length; i++) {
            _selectLeast(all, i);
            smallest[i] = all[i];
        }
    }

    function setCacheSize(uint64 size) external onlyOwner {
        cacheSize = size;
        emit SetCacheSize(size);
    }

    function setDecayRate(uint64 rate) external onlyOwner {
        decay = rate;
        emit SetDecayRate(rate);
    }

    function paused() external onlyOwner {
        isPaused = true;
        emit Pause();
    }

    function unpaused() external onlyOwner {
        isPaused = false;
        emit Unpause();
    }

    function evictAll() external onlyOwner {
        _evict(entries.length);
    }

    /// Evicts the `count` programs that bid least.
    function evictPrograms(uint256 count) external onlyOwner {
        _evict(count < entries.length ? count : entries.length);
    }

    /// Sends what was bid to the network fee account.
    function sweepFunds() external {
        (bool success,) = OWNERS.getNetworkFeeAccount().call{value: address(this).balance}("");
        require(success, "sweep");
    }

    function _sizeOf(bytes32 code) private view returns (uint64) {
        uint64 size = WASM.codehashAsmSize(code);
        return size < SIZE_MIN ? SIZE_MIN : size;
    }

    /// Evicts what the value of this call outbids, until `size` bytes are free. Returns the worth of the bid.
    function _evictFor(uint64 size) private returns (uint192 bid) {
        uint256 worth = msg.value + block.timestamp * decay;
        if (worth > type(uint192).max) revert BidTooLarge(msg.value);
        bid = uint192(worth);
        (uint256 count, uint192 highest) = _victims(size);
        if (bid < highest) revert BidTooSmall(uint192(msg.value), _paid(highest));
        _evict(count);
    }

    /// How many of the least bids must go for `size` bytes to fit, and the highest among them.
    function _victims(uint64 size) private view returns (uint256 count, uint192 highest) {
        if (size > cacheSize) revert AsmTooLarge(size, queueSize, cacheSize);
        uint256 wanted = uint256(queueSize) + size;
        if (wanted <= cacheSize) return (0, 0);
        Entry[] memory all = entries;
        for (uint256 freed = 0; freed < wanted - cacheSize; count++) {
            _selectLeast(all, count);
            freed += all[count].size;
            highest = all[count].bid;
        }
    }

    /// Evicts the `count` programs that bid least.
    function _evict(uint256 count) private {
        for (; count > 0; count--) {
            uint256 least = 0;
            for (uint256 i = 1; i < entries.length; i++) {
                if (entries[i].bid < entries[least].bid) least = i;
            }
            bytes32 code = entries[least].code;
            _remove(least);
            if (CACHE.codehashIsCached(code)) CACHE.evictCodehash(code);
        }
    }

    function _forget(bytes32 code) private {
        for (uint256 i = 0; i < entries.length; i++) {
            if (entries[i].code == code) {
                _remove(i);
                return;
            }
        }
    }

    function _remove(uint256 index) private {
        Entry memory entry = entries[index];
        entries[index] = entries[entries.length - 1];
        entries.pop();
        queueSize -= entry.size;
        emit DeleteBid(entry.code, entry.bid, entry.size);
    }

    /// Swaps the least entry from `start` on to `start`.
    function _selectLeast(Entry[] memory all, uint256 start) private pure {
        uint256 least = start;
        for (uint256 i = start + 1; i < all.length; i++) {
            if (all[i].bid < all[least].bid) least = i;
        }
        (all[start], all[least]) = (all[least], all[start]);
    }

    /// {wei} What must be paid now for a worth.
    function _paid(uint192 worth) private view returns (uint192) {
        uint256 time = block.timestamp * decay;
        return worth > time ? uint192(worth - time) : 0;
    }
}
