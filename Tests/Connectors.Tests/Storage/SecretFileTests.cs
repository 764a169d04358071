using System.Diagnostics;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage;

/// <summary>The first line of a file is the secret; each file that has none is refused for what it is.</summary>
public sealed class SecretFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("secret")]
    [InlineData("secret\n")]
    [InlineData("secret\r\nmore\n")]
    [InlineData("\ufeffsecret\n")]
    public void The_first_line_is_the_secret(string text)
    {
        Assert.Equal("secret", SecretFile.ReadLine(Write(text), out var fault));
        Assert.Null(fault);
    }

    [Fact]
    public void What_cannot_be_a_secret_is_refused_for_what_it_is()
    {
        Assert.Equal("has an empty first line; write the secret there", FaultOf(Write("\nsecret")));
        Assert.Equal("is longer than 64 KiB, which is too long for a secret", FaultOf(Write(new string('x', (64 * 1024) + 1))));
        Assert.Equal("does not exist", FaultOf(_folder["nothing"]));
        Assert.Equal("does not exist", FaultOf(_folder["nothing/in/it"]));
        Assert.Equal("could not be read: it is not a regular file", FaultOf(_folder.Path));
        File.WriteAllBytes(_folder["latin"], [0x66, 0xfc, 0x0a]);
        Assert.Equal("is not UTF-8 text", FaultOf(_folder["latin"]));
    }

    /// <summary>Opening it would wait until something writes to it.</summary>
    [Fact]
    public async Task A_pipe_is_refused_at_once()
    {
        using var make = Process.Start("mkfifo", [_folder["pipe"]]);
        await make.WaitForExitAsync();
        var fault = await Task.Run(() => FaultOf(_folder["pipe"])).WaitAsync(Eventually.Patience);
        Assert.Equal("could not be read: it is not a regular file", fault);
    }

    private static string? FaultOf(string path)
    {
        Assert.Null(SecretFile.ReadLine(path, out var fault));
        return fault;
    }

    private string Write(string text)
    {
        File.WriteAllText(_folder["secret"], text);
        return _folder["secret"];
    }
}
