using System.Buffers.Binary;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Hub;

/// <summary>An archive that was copied to the machine: its files are used only if its manifest and the
/// checksums agree.</summary>
public sealed class HubBundleTests : IDisposable
{
    private const string Id = "owner/model";

    private static readonly byte[] Data = RandomNumberGenerator.GetBytes(200_000);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_bundle_gives_back_what_went_in_and_is_the_same_each_time()
    {
        await PackAsync("a.tar");
        await PackAsync("b.tar");
        Assert.Equal(File.ReadAllBytes(At("a.tar")), File.ReadAllBytes(At("b.tar")));

        using var reader = await HubBundleReader.OpenAsync(At("a.tar"), CancellationToken.None);
        Assert.Equal((Id, FakeHub.Commit, "model", 200_002), (reader.Bundle.Id, reader.Bundle.Commit, reader.Bundle.Name, reader.Bundle.Size));
        var seen = 0L;
        await reader.ExtractAsync(At("out"), n => seen = n, CancellationToken.None);
        Assert.Equal(200_002, seen);
        Assert.Equal("{}", File.ReadAllText(At("out/config.json")));
        Assert.Equal(Data, File.ReadAllBytes(At("out/tower/model.safetensors")));
        Assert.Equal(2, Directory.GetFiles(At("out"), "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task A_bundle_cut_anywhere_is_refused_and_leaves_nothing_half()
    {
        await PackAsync("a.tar");
        var whole = File.ReadAllBytes(At("a.tar"));

        // What follows the last file is padding and the end mark, which nobody needs.
        for (var length = 0; length < whole.Length - 2048; length += 4099)
        {
            File.WriteAllBytes(At("cut.tar"), whole[..length]);
            await RefusedAsync("cut.tar");
        }
    }

    [Fact]
    public async Task A_flipped_bit_is_found_wherever_it_matters()
    {
        await PackAsync("a.tar");
        var whole = File.ReadAllBytes(At("a.tar"));
        for (var at = 0; at < whole.Length - 2048; at += 1021)
        {
            var flipped = whole.ToArray();
            flipped[at] ^= 0x10;
            File.WriteAllBytes(At("flipped.tar"), flipped);
            try
            {
                using var reader = await HubBundleReader.OpenAsync(At("flipped.tar"), CancellationToken.None);
                await reader.ExtractAsync(At("out"), null, CancellationToken.None);

                // A bit in padding changes nothing, and then all is right.
                Assert.Equal(Data, File.ReadAllBytes(At("out/tower/model.safetensors")));
                Assert.Equal("{}", File.ReadAllText(At("out/config.json")));
            }
            catch (HubException)
            {
                Assert.Empty(Directory.Exists(At("out")) ? Directory.GetFiles(At("out"), "*.part*", SearchOption.AllDirectories) : []);
            }
        }
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/x")]
    [InlineData("a/../../b")]
    public async Task A_name_that_climbs_is_refused_in_the_manifest_and_in_the_archive(string name)
    {
        Write("climbs.tar", [new(name, 2, Sha("{}"u8))], (name, TarEntryType.RegularFile, "{}"u8.ToArray()));
        await RefusedAsync("climbs.tar");
        Write("climbs.tar", [new("config.json", 2, Sha("{}"u8))], (name, TarEntryType.RegularFile, "{}"u8.ToArray()));
        await RefusedAsync("climbs.tar");
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink)]
    [InlineData(TarEntryType.HardLink)]
    [InlineData(TarEntryType.Directory)]
    [InlineData(TarEntryType.Fifo)]
    public async Task A_link_or_anything_else_that_is_not_a_file_is_refused(TarEntryType type)
    {
        Write("link.tar", [new("config.json", 0, Sha([]))], ("config.json", type, []));
        await RefusedAsync("link.tar");
    }

    [Fact]
    public async Task Sizes_contents_and_files_beyond_the_manifest_are_refused()
    {
        var file = ("config.json", TarEntryType.RegularFile, "{}"u8.ToArray());
        HubBundleFile listed = new("config.json", 2, Sha("{}"u8));
        Write("a.tar", [listed with { Size = 1 }], file);
        await RefusedAsync("a.tar");
        Write("a.tar", [listed with { Size = 3 }], file);
        await RefusedAsync("a.tar");
        Write("a.tar", [listed with { Sha256 = new string('0', 64) }], file);
        await RefusedAsync("a.tar");
        Write("a.tar", [listed, listed], file, file);
        await RefusedAsync("a.tar");
        Write("a.tar", [listed with { Size = -1 }], file);
        await RefusedAsync("a.tar");
        Write("a.tar", [], file);
        await RefusedAsync("a.tar");
        Write("a.tar", [listed], file, ("more", TarEntryType.RegularFile, [1]));
        Assert.Contains("does not list", (await RefusedAsync("a.tar")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_a_bundle_is_refused_before_it_takes_memory()
    {
        File.WriteAllText(At("a.tar"), "This is no archive.");
        await RefusedAsync("a.tar");
        File.WriteAllBytes(At("a.tar"), new byte[10_240]);
        await RefusedAsync("a.tar");
        Write("a.tar", null, ("config.json", TarEntryType.RegularFile, "{}"u8.ToArray()));
        await RefusedAsync("a.tar");
        Write("a.tar", null, (HubBundle.ManifestName, TarEntryType.RegularFile, "null"u8.ToArray()));
        await RefusedAsync("a.tar");
        Write("a.tar", null, (HubBundle.ManifestName, TarEntryType.RegularFile, Encoding.ASCII.GetBytes(new string('[', 100_000))));
        await RefusedAsync("a.tar");
        Write("a.tar", null, (HubBundle.ManifestName, TarEntryType.RegularFile, new byte[5 << 20]));
        await RefusedAsync("a.tar");

        // A claim of a gigabyte of attributes, and the gigabyte is really there (as a hole).
        Write("a.tar", [], []);
        var header = File.ReadAllBytes(At("a.tar"))[..512];
        header[156] = (byte)'x';
        header[124] = 0x80;
        header.AsSpan(125, 3).Clear();
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128), 1L << 30);
        using (var stream = File.Create(At("a.tar")))
        {
            stream.Write(header);
            stream.SetLength(512 + (1L << 30));
        }

        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("attributes", (await RefusedAsync("a.tar")).Message, StringComparison.Ordinal);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 64 << 20);
    }

    [Fact]
    public async Task Another_format_is_named()
    {
        Write("a.tar", null, (HubBundle.ManifestName, TarEntryType.RegularFile,
            JsonSerializer.SerializeToUtf8Bytes(new { formatVersion = 2, id = Id, commit = FakeHub.Commit, files = Array.Empty<int>() })));
        Assert.Contains("version 2", (await RefusedAsync("a.tar")).Message, StringComparison.Ordinal);
    }

    private static string Sha(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

    private string At(string name) => _folder[name];

    private async Task PackAsync(string name)
    {
        Directory.CreateDirectory(At("in/tower"));
        File.WriteAllText(At("in/config.json"), "{}");
        File.WriteAllBytes(At("in/tower/model.safetensors"), Data);
        await HubBundleWriter.WriteAsync(
            At(name), Id, FakeHub.Commit, At("in"), ["config.json", "tower/model.safetensors"], null, CancellationToken.None);
    }

    private void Write(string name, HubBundleFile[]? files, params (string Name, TarEntryType Type, byte[] Data)[] entries)
    {
        using var stream = File.Create(At(name));
        using var tar = new TarWriter(stream, TarEntryFormat.Gnu);
        if (files is not null)
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(new HubBundle(1, Id, FakeHub.Commit, files), JsonSerializerOptions.Web);
            tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, HubBundle.ManifestName) { DataStream = new MemoryStream(json) });
        }

        foreach (var (entryName, type, data) in entries)
        {
            var entry = new GnuTarEntry(type, entryName);
            if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
            {
                entry.LinkName = "/etc/passwd";
            }
            else if (type == TarEntryType.RegularFile)
            {
                entry.DataStream = new MemoryStream(data);
            }

            tar.WriteEntry(entry);
        }
    }

    private async Task<HubException> RefusedAsync(string name)
    {
        var refused = await Assert.ThrowsAsync<HubException>(async () =>
        {
            using var reader = await HubBundleReader.OpenAsync(At(name), CancellationToken.None);
            await reader.ExtractAsync(At("refused"), null, CancellationToken.None);
        });
        if (Directory.Exists(At("refused")))
        {
            Assert.Empty(Directory.GetFiles(At("refused"), "*.part*", SearchOption.AllDirectories));
        }

        return refused;
    }
}
