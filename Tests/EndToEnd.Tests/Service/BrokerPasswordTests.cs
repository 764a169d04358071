namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>A broker that refuses the password. The service retries only after almost a minute.</summary>
public sealed class BrokerPasswordTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-password-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_wrong_password_is_reported_without_the_password_and_a_corrected_one_is_used_without_a_restart()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "right" });
        var secret = Path.Combine(_folder, "password");
        File.WriteAllText(secret, "wrong-and-secret\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await using var service = EdgeProcess.Start("run", "--config", ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip },
            new Dictionary<string, object> { ["User"] = "edge", ["PasswordFile"] = secret }));
        await service.LogsAsync("PasswordFile");
        Assert.DoesNotContain("wrong-and-secret", service.Errors, StringComparison.Ordinal);

        // The file is read at each connect.
        File.WriteAllText(secret, "right\n");
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address, "#", "-u", "edge", "-P", "right");
        await subscriber.WaitForAsync("mobilevlm/edge-1/availability", m => m.Text == "online", TimeSpan.FromSeconds(90));
    }
}
